/**
 * Flow records on their way from a worker to the main thread: a row of numbers each, and what many of them have in common
 * once a message. As objects they would cost more to carry over than their requests did to judge, and most are forgotten
 * before anybody looks.
 */

import type { FlowRecord } from '../../proxy/record.ts';
import { connectionAt, directionAt, type PackedConnections } from './packed-connections.ts';

export type Ruling = Pick<FlowRecord, 'verdict' | 'reason' | 'detail' | 'rule'>;

export interface PackedRecords {
  readonly count: number;
  /** `columns.width` numbers a record. */
  readonly rows: Float64Array;
  /** What the rows' indices are about. */
  readonly connections: PackedConnections;
  readonly rulings: readonly Ruling[];
  readonly l7: readonly FlowRecord['l7'][];
}

/**
 * A status of 0 and a latency that is not a number mean that there was none. The correlation id is the only fact of a
 * Kafka request that differs from each to the next.
 */
export const columns = {
  time: 0,
  latencyMs: 1,
  status: 2,
  connection: 3,
  ruling: 4,
  l7: 5,
  correlationId: 6,
  width: 7,
} as const;

/** The record at `index`, as it was recorded. */
export function recordAt(packed: PackedRecords, index: number): FlowRecord {
  const cell = (column: number): number => packed.rows[index * columns.width + column] ?? 0;
  const ruling = packed.rulings[cell(columns.ruling)];
  if (!ruling) throw new RangeError(`there is no record ${index}`);
  const l7 = packed.l7[cell(columns.l7)];
  const status = cell(columns.status);
  const latencyMs = cell(columns.latencyMs);
  return {
    time: cell(columns.time),
    connection: connectionAt(packed.connections, cell(columns.connection)),
    ...ruling,
    ...(l7 && { l7: l7.protocol === 'kafka' ? { ...l7, correlationId: cell(columns.correlationId) } : l7 }),
    ...(status !== 0 && { status }),
    ...(!Number.isNaN(latencyMs) && { latencyMs }),
  };
}

/** Records that counters do not tell apart: an example, and how many there are. */
export function alike(packed: PackedRecords): { readonly example: FlowRecord; readonly count: number }[] {
  const byKind = new Map<number, { readonly first: number; count: number }>();
  const protocols = ['http', 'grpc', 'kafka'];
  for (let index = 0; index < packed.count; index++) {
    const at = index * columns.width;
    const cell = (column: number): number => packed.rows[at + column] ?? 0;
    const protocol = protocols.indexOf(packed.l7[cell(columns.l7)]?.protocol ?? '') + 1;
    const direction = directionAt(packed.connections, cell(columns.connection)) === 'egress' ? 1 : 0;
    const kind = ((cell(columns.ruling) * 1000 + cell(columns.status)) * 4 + protocol) * 2 + direction;
    const found = byKind.get(kind);
    if (found) found.count += 1;
    else byKind.set(kind, { first: index, count: 1 });
  }
  return Array.from(byKind.values(), ({ first, count }) => ({ example: recordAt(packed, first), count }));
}
