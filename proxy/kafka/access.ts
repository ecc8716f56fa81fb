/**
 * What one request may touch; remembers for its flow record what was asked and what was denied.
 */

import { limits } from '../../src/limits.ts';
import type { RuleRef } from '../../src/policy/resolved.ts';
import type { ResourceKind } from './operations.ts';
import type { Rules, Table } from './rules.ts';

export class Access {
  /** Topic names that the request gave, the first few. */
  readonly topics: string[] = [];
  /** What was denied, the first few, as `kind name`. */
  readonly denied: string[] = [];
  deniedCount = 0;
  /** The rule that allowed the last thing allowed. */
  rule: RuleRef | undefined;
  /** Nothing is refused, only noted. */
  readonly audit: boolean;
  readonly #tables: readonly Table[];

  constructor(rules: Rules, clientId: string, api: string, version: number) {
    this.audit = rules.audit;
    this.#tables = rules.tables(clientId, api, version);
  }

  /** Whether any of `operations` is granted on the resource; as `sees`, but noted. In audit mode always true. */
  may(kind: ResourceKind, bytes: Uint8Array, start: number, length: number, operations: number): boolean {
    const rule = length < 0 ? undefined : this.#find(kind, bytes, start, length, operations);
    if (kind === 'topic' && this.topics.length < limits.kafkaRecordedNames)
      this.topics.push(text(bytes, start, length));
    if (rule !== undefined) {
      this.rule = rule;
      return true;
    }
    this.deny(kind, text(bytes, start, length));
    return this.audit;
  }

  /** Whether any of `operations` is granted on the resource; for filtering what nobody named. */
  sees(kind: ResourceKind, bytes: Uint8Array, start: number, length: number, operations: number): boolean {
    return this.audit || (length >= 0 && this.#find(kind, bytes, start, length, operations) !== undefined);
  }

  /** Whether any of `operations` is granted on every resource of the kind, but for internal topics. */
  all(kind: ResourceKind, operations: number): boolean {
    return this.audit || this.#tables.some((table) => table[kind].all.find(operations) !== undefined);
  }

  /** Whether any of `operations` is granted on any topic at all; noted. */
  anyTopic(operations: number): boolean {
    for (const { topic } of this.#tables) {
      const rule = topic.all.find(operations) ?? topic.named.any(operations);
      if (rule === undefined) continue;
      this.rule = rule;
      return true;
    }
    this.deny('topic', '*');
    return this.audit;
  }

  cluster(operations: number): boolean {
    for (const table of this.#tables) {
      const rule = table.cluster.find(operations);
      if (rule === undefined) continue;
      this.rule = rule;
      return true;
    }
    this.deny('cluster', '');
    return this.audit;
  }

  deny(kind: string, name: string): void {
    this.deniedCount++;
    if (this.denied.length < limits.kafkaRecordedNames) this.denied.push(name === '' ? kind : `${kind} ${name}`);
  }

  #find(kind: ResourceKind, bytes: Uint8Array, start: number, length: number, operations: number): RuleRef | undefined {
    for (const table of this.#tables) {
      const rule = table.find(kind, bytes, start, length, operations);
      if (rule !== undefined) return rule;
    }
    return undefined;
  }
}

/** A name for people; Kafka's own are at most 249 bytes. */
export function text(bytes: Uint8Array, start: number, length: number): string {
  const shown = Math.max(0, Math.min(length, 249));
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, shown).toString('utf8');
}
