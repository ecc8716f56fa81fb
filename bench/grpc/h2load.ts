/** h2load as a client of unary calls: one run, its numbers. */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventually } from '../../test/netns/eventually.ts';
import type { Scene } from '../scene.ts';
import { path } from './peers.ts';

export interface Load {
  readonly name: string;
  readonly connections: number;
  /** At once on each. */
  readonly streams: number;
}

export interface Outcome {
  readonly requestsPerSecond: number;
  readonly requests: number;
  /** Mean time of a request. */
  readonly meanUs: number;
  readonly failed: number;
}

const units = { us: 1, ms: 1_000, s: 1_000_000 } as const;

export async function runH2load(scene: Scene, base: string, load: Load, seconds: number): Promise<Outcome> {
  // A message of gRPC: not compressed, its length, 16 octets.
  const message = join(scene.directory, 'message');
  writeFileSync(message, Buffer.concat([Buffer.from([0, 0, 0, 0, 16]), Buffer.alloc(16, 0x6d)]));
  const args = ['-c', String(load.connections), '-m', String(load.streams), '-D', String(seconds), '-d', message];
  args.push('-H', 'content-type: application/grpc', '-H', 'te: trailers', base + path);
  const { code, stdout, stderr } = await scene.client.namespace.run('h2load', ...args);
  const [, requests, failed] = /^requests: .*, (\d+) succeeded, (\d+) failed/m.exec(stdout) ?? [];
  const [, mean, unit] = /^time for request: +\S+ +\S+ +([\d.]+)(us|ms|s) /m.exec(stdout) ?? [];
  if (code !== 0 || requests === undefined) throw new Error(`h2load ended with ${code}: ${stdout}${stderr}`);
  return {
    requestsPerSecond: Number(requests) / seconds,
    requests: Number(requests),
    meanUs: Number(mean) * units[(unit ?? 'us') as keyof typeof units],
    failed: Number(failed),
  };
}

/** Waits until a call is answered with 200. */
export async function answersCall(scene: Scene, base: string): Promise<void> {
  await eventually(`${base} answers`, async () => {
    const args = ['-s', '-o', '/dev/null', '--max-time', '1', '--http2-prior-knowledge', '-w', '%{http_code}'];
    args.push('-X', 'POST', base + path);
    const { stdout } = await scene.client.namespace.run('curl', ...args);
    return stdout === '200' || undefined;
  });
}
