/** wrk as the client: one run, its numbers. */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Scene } from './scene.ts';

export interface Load {
  readonly name: string;
  readonly connections: number;
  readonly path: string;
  /** Bytes of each request's body; 0: GET. */
  readonly uploadBytes?: number;
  /** A connection a request. */
  readonly close?: boolean;
  /** Length that the request head is filled up to, bytes. */
  readonly headBytes?: number;
  /** Of 100 requests, how many ask for what no rule allows. */
  readonly deniedPercent?: number;
}

export interface Outcome {
  readonly requestsPerSecond: number;
  readonly requests: number;
  readonly p50Us: number;
  readonly p99Us: number;
  readonly socketErrors: number;
  readonly statusErrors: number;
}

/** @param client where it runs */
export async function runWrk(
  { client, directory }: Pick<Scene, 'client' | 'directory'>,
  base: string,
  load: Load,
  seconds: number,
): Promise<Outcome> {
  const script = join(directory, 'load.lua');
  writeFileSync(script, lua(load));
  const threads = Math.min(load.connections, 2);
  const { code, stdout, stderr } = await client.namespace.run(
    'wrk',
    `-t${threads}`,
    `-c${load.connections}`,
    `-d${seconds}s`,
    '--timeout',
    '10s',
    '-s',
    script,
    `${base}${load.path}`,
  );
  const line = /^sluice-bench (.*)$/m.exec(stdout)?.[1];
  if (code !== 0 || line === undefined) throw new Error(`wrk ended with ${code}: ${stdout}${stderr}`);
  const [requests = 0, durationUs = 1, p50Us = 0, p99Us = 0, socketErrors = 0, statusErrors = 0] = line
    .split(' ')
    .map(Number);
  return { requestsPerSecond: requests / (durationUs / 1e6), requests, p50Us, p99Us, socketErrors, statusErrors };
}

function lua({ path, uploadBytes = 0, close = false, headBytes = 0, deniedPercent = 0 }: Load): string {
  const padding = Math.max(0, headBytes - 60 - 'X-Padding: \r\n'.length);
  return `
local headers = {}
${close ? 'headers["Connection"] = "close"' : ''}
${padding > 0 ? `headers["X-Padding"] = string.rep("p", ${padding})` : ''}
local allowed, denied
function init()
  allowed = wrk.format("${uploadBytes > 0 ? 'POST' : 'GET'}", "${path}", headers, ${uploadBytes > 0 ? `string.rep("u", ${uploadBytes})` : 'nil'})
  denied = wrk.format("GET", "/denied", headers)
end
local count = 0
function request()
  count = count + 1
  if (count * ${deniedPercent}) % 100 < ${deniedPercent} then return denied end
  return allowed
end
function done(summary, latency)
  local e = summary.errors
  io.write(string.format("sluice-bench %d %d %d %d %d %d\\n", summary.requests, summary.duration,
    latency:percentile(50), latency:percentile(99), e.connect + e.read + e.write + e.timeout, e.status))
end
`;
}
