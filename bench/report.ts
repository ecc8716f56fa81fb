/** Many runs to a table: medians, and each peer's share of the first one's requests a second. */

import { table as textTable } from '../src/cli/table.ts';
import type { Outcome } from './wrk.ts';

export interface Measured {
  readonly peer: string;
  readonly load: string;
  readonly outcome: Outcome;
  /** Of the peer's process, a request. */
  readonly cpuUs?: number;
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
  /** Of the load's first peer's. */
  readonly p99Ratio: number;
  readonly cpuUs: number | undefined;
  readonly bpfUs: number | undefined;
  readonly peakBytes: number | undefined;
  readonly errors: number;
}

/** @param bpfUs run time in BPF a request, of a load and a peer; undefined where none was measured */
export function summarise(
  results: readonly Measured[],
  bpfUs: (load: string, peer: string) => number | undefined,
): Row[] {
  const groups = Map.groupBy(results, ({ load, peer }) => `${load}\0${peer}`);
  const rows: Row[] = [];
  const firsts = new Map<string, { readonly requestsPerSecond: number; readonly p99Us: number }>();
  for (const group of groups.values()) {
    const [first] = group;
    if (!first) continue;
    const of = (value: (one: Measured) => number): number => median(group.map(value));
    const requestsPerSecond = of(({ outcome }) => outcome.requestsPerSecond);
    const p99Us = of(({ outcome }) => outcome.p99Us);
    const own = { requestsPerSecond, p99Us };
    const base = firsts.get(first.load) ?? own;
    firsts.set(first.load, base);
    rows.push({
      load: first.load,
      peer: first.peer,
      requestsPerSecond,
      ratio: requestsPerSecond / base.requestsPerSecond,
      p50Us: of(({ outcome }) => outcome.p50Us),
      p99Us,
      p99Ratio: p99Us / base.p99Us,
      cpuUs: first.cpuUs === undefined ? undefined : of(({ cpuUs }) => cpuUs ?? 0),
      bpfUs: bpfUs(first.load, first.peer),
      peakBytes: first.peakBytes === undefined ? undefined : of(({ peakBytes }) => peakBytes ?? 0),
      errors: of(({ outcome }) => outcome.socketErrors),
    });
  }
  return rows;
}

export function table(rows: readonly Row[]): string {
  const heading = [
    'LOAD',
    'PEER',
    'REQ/S',
    'RATIO',
    'P50 µs',
    'P99 µs',
    'RATIO',
    'CPU µs',
    'BPF µs',
    'PEAK MiB',
    'ERRORS',
  ];
  return textTable(
    heading,
    rows.map((row) => [
      row.load,
      row.peer,
      row.requestsPerSecond.toFixed(0),
      row.ratio.toFixed(2),
      row.p50Us.toFixed(0),
      row.p99Us.toFixed(0),
      row.p99Ratio.toFixed(2),
      row.cpuUs?.toFixed(1) ?? '-',
      row.bpfUs?.toFixed(2) ?? '-',
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
