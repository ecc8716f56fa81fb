/** Many runs to a table: medians, and each peer's share of the first one's requests a second. */

import { table as textTable } from '../src/cli/table.ts';
import type { Outcome } from './wrk.ts';

export interface Measured {
  readonly peer: string;
  readonly load: string;
  readonly outcome: Outcome;
  /** Of the peer's process, a request. */
  readonly cpuUs?: number;
  readonly bpfUs: number;
  readonly peakBytes?: number;
}

export interface Row {
  readonly load: string;
  readonly peer: string;
  readonly requestsPerSecond: number;
  /** Of the load's first peer. */
  readonly ratio: number;
  readonly p50Us: number;
  readonly p99Us: number;
  readonly cpuUs: number | undefined;
  readonly bpfUs: number;
  readonly peakBytes: number | undefined;
  readonly errors: number;
}

export function summarise(results: readonly Measured[]): Row[] {
  const groups = Map.groupBy(results, ({ load, peer }) => `${load}\0${peer}`);
  const rows: Row[] = [];
  const firsts = new Map<string, number>();
  for (const group of groups.values()) {
    const [first] = group;
    if (!first) continue;
    const of = (value: (one: Measured) => number): number => median(group.map(value));
    const requestsPerSecond = of(({ outcome }) => outcome.requestsPerSecond);
    if (!firsts.has(first.load)) firsts.set(first.load, requestsPerSecond);
    rows.push({
      load: first.load,
      peer: first.peer,
      requestsPerSecond,
      ratio: requestsPerSecond / (firsts.get(first.load) ?? requestsPerSecond),
      p50Us: of(({ outcome }) => outcome.p50Us),
      p99Us: of(({ outcome }) => outcome.p99Us),
      cpuUs: first.cpuUs === undefined ? undefined : of(({ cpuUs }) => cpuUs ?? 0),
      bpfUs: of(({ bpfUs }) => bpfUs),
      peakBytes: first.peakBytes === undefined ? undefined : of(({ peakBytes }) => peakBytes ?? 0),
      errors: of(({ outcome }) => outcome.socketErrors),
    });
  }
  return rows;
}

export function table(rows: readonly Row[]): string {
  const heading = ['LOAD', 'PEER', 'REQ/S', 'RATIO', 'P50 µs', 'P99 µs', 'CPU µs', 'BPF µs', 'PEAK MiB', 'ERRORS'];
  return textTable(
    heading,
    rows.map((row) => [
      row.load,
      row.peer,
      row.requestsPerSecond.toFixed(0),
      row.ratio.toFixed(2),
      row.p50Us.toFixed(0),
      row.p99Us.toFixed(0),
      row.cpuUs?.toFixed(1) ?? '-',
      row.bpfUs === 0 ? '-' : row.bpfUs.toFixed(2),
      row.peakBytes === undefined ? '-' : (row.peakBytes / 1024 / 1024).toFixed(0),
      String(row.errors),
    ]),
  );
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? 0;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? 0) + upper) / 2;
}
