/** Many runs to a table, a file and a drawing: medians, and each way's share of the direct one. */

import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { table } from '../../src/cli/table.ts';
import { kafkaVersion } from '../../test/kafka/real-broker.ts';
import { plot } from '../plot.ts';
import { median } from '../report.ts';

export interface Measured {
  readonly way: string;
  /** Records a second. */
  readonly produced: number;
  readonly consumed: number;
  /** Of producing at a fixed rate. */
  readonly p99Ms: number;
  /** Of the process in between, microseconds a MiB. */
  readonly produceCpu?: number | undefined;
  readonly consumeCpu?: number | undefined;
  /** Its resident memory: the most while producing and consuming, and the most ever, its start included. */
  readonly loadedBytes?: number;
  readonly peakBytes?: number;
}

type Row = { readonly [Key in keyof Measured]-?: Exclude<Measured[Key], undefined> } & {
  readonly ratios: readonly [produced: number, consumed: number, p99: number];
};

export function summarise(all: readonly Measured[]): Row[] {
  const medians = [...Map.groupBy(all, ({ way }) => way)].map(([way, group]) => {
    const of = (value: (one: Measured) => number | undefined): number => median(group.map((one) => value(one) ?? 0));
    return {
      way,
      produced: of(({ produced }) => produced),
      consumed: of(({ consumed }) => consumed),
      p99Ms: of(({ p99Ms }) => p99Ms),
      produceCpu: of(({ produceCpu }) => produceCpu),
      consumeCpu: of(({ consumeCpu }) => consumeCpu),
      loadedBytes: of(({ loadedBytes }) => loadedBytes),
      peakBytes: of(({ peakBytes }) => peakBytes),
    };
  });
  const [direct] = medians;
  return medians.map((one) => ({
    ...one,
    ratios: [
      one.produced / (direct?.produced ?? 1),
      one.consumed / (direct?.consumed ?? 1),
      one.p99Ms / (direct?.p99Ms ?? 1),
    ],
  }));
}

export function text(rows: readonly Row[]): string {
  const headings =
    'WAY,PRODUCE rec/s,RATIO,CPU µs/MiB,CONSUME rec/s,RATIO,CPU µs/MiB,P99 ms,RATIO,LOADED MiB,PEAK MiB'.split(',');
  const some = (value: number, digits = 0): string => (value === 0 ? '-' : value.toFixed(digits));
  const cells = rows.map(({ ratios: [produced, consumed, p99], ...row }) => [
    row.way,
    row.produced.toFixed(0),
    produced.toFixed(2),
    some(row.produceCpu),
    row.consumed.toFixed(0),
    consumed.toFixed(2),
    some(row.consumeCpu),
    String(row.p99Ms),
    p99.toFixed(2),
    some(row.loadedBytes / 1024 / 1024),
    some(row.peakBytes / 1024 / 1024),
  ]);
  return table(headings, cells);
}

/** @returns the files' common path. */
export function keep(rows: readonly Row[], all: readonly Measured[], options: object): string {
  const directory = fileURLToPath(new URL('../results/', import.meta.url));
  mkdirSync(directory, { recursive: true });
  const name = `kafka-${new Date().toISOString().slice(0, 19).replaceAll(':', '-')}`;
  const machine = { cpu: cpus()[0]?.model, cpus: cpus().length, node: process.version, kafka: kafkaVersion };
  writeFileSync(
    join(directory, `${name}.json`),
    `${JSON.stringify({ machine, ...options, rows, all }, undefined, 2)}\n`,
  );
  const bars = (load: string, index: 0 | 1) =>
    rows.map(({ way, ratios }) => ({ load, peer: way, ratio: ratios[index] }));
  const title = "Kafka records a second, as a share of a direct connection's";
  writeFileSync(join(directory, `${name}.svg`), plot([...bars('produce', 0), ...bars('consume', 1)], title));
  return `bench/results/${name}`;
}
