/** Run time of Sluice's BPF programs, by the kernel's own statistics (kernel.bpf_stats_enabled). */

import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';

const setting = '/proc/sys/kernel/bpf_stats_enabled';
const ours = /^(tap_|reinject_|lookup_)/;

/** @returns what puts the setting back */
export function enableBpfStats(): () => void {
  const before = readFileSync(setting, 'utf8');
  writeFileSync(setting, '1');
  return () => writeFileSync(setting, before);
}

/** Nanoseconds since the programs were loaded. */
export function bpfRunTime(): number {
  const programs = JSON.parse(execFileSync('bpftool', ['--json', 'prog', 'show'], { encoding: 'utf8' })) as readonly {
    readonly name?: string;
    readonly run_time_ns?: number;
  }[];
  return programs
    .filter(({ name }) => name !== undefined && ours.test(name))
    .reduce((sum, { run_time_ns = 0 }) => sum + run_time_ns, 0);
}
