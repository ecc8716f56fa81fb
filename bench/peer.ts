/** One way from the client to the origin that is measured. */

import type { ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { Station } from '../test/netns/topology.ts';
import type { Scene } from './scene.ts';

export interface Peer {
  readonly name: string;
  /** Starts it with an allowlist of `rules` path patterns; `undefined`: it is not installed, the reason is printed. */
  start(scene: Scene, rules: number): Promise<RunningPeer | { readonly missing: string }>;
}

export interface RunningPeer {
  /** What the client asks, e.g. `http://10.77.2.2:8080`. */
  readonly base: string;
  /** Who asks; absent: the scene's client. */
  readonly client?: Station;
  /** Process whose CPU time and memory are the price; absent where the kernel alone does the work. */
  readonly pid?: number;
  stop(): Promise<void>;
}

/** The allowlist of every peer: the path that is asked for stands last. */
export function pathRules(count: number): string[] {
  return [...Array.from({ length: count - 1 }, (_, i) => `/service${i}/.*`), '/public/.*'];
}

export interface Usage {
  /** User and system CPU time since its start, microseconds. */
  readonly cpuUs: number;
  readonly peakBytes: number;
}

/** Of a process and all its threads (proc_pid_stat(5); the clock ticks 100 times a second). */
export function usageOf(pid: number): Usage {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ');
  const ticks = Number(fields[11]) + Number(fields[12]);
  const peak = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return { cpuUs: ticks * 10_000, peakBytes: Number(peak ?? 0) * 1024 };
}

export async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await ended;
}
