/** Packs flow records as they come: what they have in common is found again by what it is, or by what it says. */

import type { FlowRecord, L7Facts } from '../../proxy/record.ts';
import { ConnectionPacker } from './packed-connections.ts';
import { columns, type PackedRecords, type Ruling } from './packed-records.ts';

/** How many facts that share a key are compared before another copy is carried over. */
const mostCompared = 4;

export class RecordPacker {
  readonly #rows: Float64Array;
  #count = 0;
  readonly #connections: ConnectionPacker;
  #rulings: Ruling[] = [];
  readonly #rulingIndex = new Map<FlowRecord['rule'], Map<string, number>>();
  #l7: FlowRecord['l7'][] = [];
  readonly #l7Index = new Map<string, number[]>();

  /** @param capacity records that it can hold */
  constructor(capacity: number) {
    this.#rows = new Float64Array(capacity * columns.width);
    this.#connections = new ConnectionPacker(capacity);
  }

  get count(): number {
    return this.#count;
  }

  add(record: FlowRecord): void {
    const rows = this.#rows;
    const at = this.#count * columns.width;
    rows[at + columns.time] = record.time;
    rows[at + columns.latencyMs] = record.latencyMs ?? Number.NaN;
    rows[at + columns.status] = record.status ?? 0;
    rows[at + columns.connection] = this.#connections.indexOf(record.connection);
    rows[at + columns.ruling] = this.#rulingOf(record);
    rows[at + columns.l7] = this.#l7Of(record.l7);
    rows[at + columns.correlationId] = record.l7?.protocol === 'kafka' ? record.l7.correlationId : 0;
    this.#count += 1;
  }

  /** All that was added since it was called last. */
  take(): PackedRecords {
    const packed = {
      count: this.#count,
      rows: this.#rows.slice(0, this.#count * columns.width),
      connections: this.#connections.take(),
      rulings: this.#rulings,
      l7: this.#l7,
    };
    this.#count = 0;
    this.#rulings = [];
    this.#rulingIndex.clear();
    this.#l7 = [];
    this.#l7Index.clear();
    return packed;
  }

  #rulingOf({ verdict, reason, detail, rule }: FlowRecord): number {
    const words =
      reason === undefined && detail === undefined ? verdict : `${verdict}\0${reason ?? ''}\0${detail ?? ''}`;
    const ofRule = this.#rulingIndex.get(rule);
    const known = ofRule?.get(words);
    if (known !== undefined) return known;
    const ruling = {
      verdict,
      ...(reason !== undefined && { reason }),
      ...(detail !== undefined && { detail }),
      ...(rule !== undefined && { rule }),
    };
    const index = this.#rulings.push(ruling) - 1;
    if (ofRule) ofRule.set(words, index);
    else this.#rulingIndex.set(rule, new Map([[words, index]]));
    return index;
  }

  #l7Of(facts: L7Facts | undefined): number {
    const key = keyOf(facts);
    const sharing = this.#l7Index.get(key);
    if (sharing !== undefined) {
      for (const index of sharing) if (equal(this.#l7[index], facts)) return index;
    }
    const index = this.#l7.push(facts) - 1;
    if (sharing === undefined) this.#l7Index.set(key, [index]);
    else if (sharing.length < mostCompared) sharing.push(index);
    return index;
  }
}

function keyOf(facts: L7Facts | undefined): string {
  switch (facts?.protocol) {
    case 'http':
      return facts.target;
    case 'grpc':
      return facts.method;
    case 'kafka':
      return facts.topics[0] ?? facts.api;
    case undefined:
      return '';
  }
}

function equal(one: L7Facts | undefined, other: L7Facts | undefined): boolean {
  if (one?.protocol === 'http' && other?.protocol === 'http') {
    return (
      one.target === other.target &&
      one.method === other.method &&
      one.host === other.host &&
      one.version === other.version
    );
  }
  if (one?.protocol === 'grpc' && other?.protocol === 'grpc') {
    return (
      one.method === other.method &&
      one.service === other.service &&
      one.status === other.status &&
      one.phase === other.phase
    );
  }
  if (one?.protocol === 'kafka' && other?.protocol === 'kafka') {
    return (
      one.api === other.api &&
      one.version === other.version &&
      one.clientId === other.clientId &&
      one.errorCode === other.errorCode &&
      one.topics.length === other.topics.length &&
      one.topics.every((topic, index) => topic === other.topics[index])
    );
  }
  return one === other;
}
