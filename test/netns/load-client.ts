/**
 * Many keep-alive connections that ask without pause; runs in a namespace of its own, told what to do by its parent
 * (load.ts): `{connections, base, paths}` starts it, `'report'` asks for the counts so far, `'stop'` ends it.
 */

import { Agent, request } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import type { Latency, LoadOrder, LoadReport } from './load.ts';

const statuses: Record<string, number> = {};
const failures: Record<string, number> = {};
/** As in the report, milliseconds. */
const times: Record<string, number[]> = {};
let stopping = false;

function count(table: Record<string, number>, key: string): void {
  table[key] = (table[key] ?? 0) + 1;
}

function time(key: string, milliseconds: number): void {
  const known = times[key];
  if (known) known.push(milliseconds);
  else times[key] = [milliseconds];
}

/** @returns when the body has been read to its end. */
function ask(agent: Agent, { base, timeoutMs = 15_000, timed }: LoadOrder, path: string): Promise<void> {
  const begun = performance.now();
  return new Promise((resolve) => {
    const done = (table: Record<string, number>, key: string): void => {
      count(table, `${path} ${key}`);
      if (timed && table === statuses) time(`${path} ${key}`, performance.now() - begun);
      resolve();
    };
    const isChunked = path.endsWith('?chunked');
    const asking = request(
      base + path,
      { agent, timeout: timeoutMs, method: isChunked ? 'POST' : 'GET' },
      (response) => {
        response.on('error', (error) => done(failures, error.message));
        response.on('end', () => done(statuses, String(response.statusCode))).resume();
      },
    );
    if (isChunked) asking.write('abc');
    asking
      .on('timeout', function onTimeout(this: ReturnType<typeof request>) {
        this.destroy(new Error('timeout'));
      })
      .on('error', (error: NodeJS.ErrnoException) => done(failures, error.code ?? error.message))
      .end();
  });
}

async function connection(order: LoadOrder, at: number): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  if (order.opening !== undefined) await ask(agent, order, order.opening);
  for (let turn = at; !stopping; turn++) {
    if (order.pauseMs !== undefined) await pause(order.pauseMs);
    await ask(agent, order, order.paths[turn % order.paths.length] ?? '/');
    if (order.requestsEach !== undefined && turn - at + 1 >= order.requestsEach) break;
  }
  // The connections stay open until all are done, or "at the same time" would not be true.
  await allDone();
  agent.destroy();
}

let busy = 0;
const waiting: (() => void)[] = [];
function allDone(): Promise<void> {
  busy--;
  if (busy > 0) return new Promise((resolve) => waiting.push(resolve));
  for (const resume of waiting) resume();
  return Promise.resolve();
}

function latencyOf(each: number[]): Latency {
  const sorted = each.sort((a, b) => a - b);
  const quantile = (share: number): number => sorted[Math.floor(sorted.length * share)] ?? 0;
  return { p50: quantile(0.5), p99: quantile(0.99) };
}

function report(final: boolean): void {
  const latencies = Object.fromEntries(Object.entries(times).map(([key, each]) => [key, latencyOf(each)]));
  const message: LoadReport = { final, statuses, failures, latencies };
  process.send?.(message);
}

process.on('message', (message: LoadOrder | 'report' | 'stop') => {
  if (message === 'report') report(false);
  else if (message === 'stop') stopping = true;
  else {
    busy = message.connections;
    const all = Array.from({ length: message.connections }, (_, at) => connection(message, at));
    void Promise.all(all).then(() => {
      report(true);
      process.disconnect();
    });
  }
});
