/**
 * A rule set made ready for requests: who may do what to which topic, group and transactional id.
 *
 * Each rule is a grant like an ACL of the broker: its role's operations on the resources it names. Topic, group and
 * transactional id of one request are looked up each by itself. `clientID`, `apiKey` and `apiVersion` are conditions;
 * rules with the same conditions share one table, so a request asks at most eight.
 */

import { limits } from '../../src/limits.ts';
import type { KafkaRule, KafkaRuleSet, RuleRef } from '../../src/policy/resolved.ts';
import { NameTable } from './name-table.ts';
import { granted, op, type ResourceKind } from './operations.ts';
import { isInternalTopic, isTopicName } from './topic-name.ts';

/** Grants on all resources of a kind: the first rule by the operation's bit number. */
class Blanket {
  readonly #rules: (RuleRef | undefined)[] = [];
  #granted = 0;

  grant(operations: number, rule: RuleRef): void {
    for (let bit = 0; bit < 8; bit++) if ((operations & (1 << bit)) !== 0) this.#rules[bit] ??= rule;
    this.#granted |= operations;
  }

  find(operations: number): RuleRef | undefined {
    const bits = this.#granted & operations;
    return bits === 0 ? undefined : this.#rules[31 - Math.clz32(bits)];
  }
}

class Grants {
  readonly all = new Blanket();
  readonly named = new NameTable();

  add(name: string | undefined, prefix: string | undefined, operations: number, rule: RuleRef): void {
    if (operations === 0) return;
    if (name === undefined && prefix === undefined) this.all.grant(operations, rule);
    if (name !== undefined) this.named.grant(name, false, operations, rule);
    if (prefix !== undefined) this.named.grant(prefix, true, operations, rule);
  }
}

/** The rules of one set of conditions. */
class Table {
  readonly topic = new Grants();
  readonly group = new Grants();
  readonly transactionalId = new Grants();
  readonly cluster = new Blanket();
  readonly #internal = new Blanket();

  add(rule: KafkaRule): void {
    const operations = granted(rule);
    this.topic.add(rule.topic, rule.topicPrefix, operations.topic, rule.ref);
    this.group.add(rule.group, rule.groupPrefix, operations.group, rule.ref);
    this.transactionalId.add(rule.transactionalID, rule.transactionalIDPrefix, operations.transactionalId, rule.ref);
    this.cluster.grant(operations.cluster, rule.ref);
    if (operations.internal) this.#internal.grant(operations.topic, rule.ref);
  }

  find(kind: ResourceKind, bytes: Uint8Array, start: number, length: number, operations: number): RuleRef | undefined {
    if (kind !== 'topic')
      return this[kind].all.find(operations) ?? this[kind].named.find(bytes, start, length, operations, false);
    const internal = isInternalTopic(bytes, start, length);
    // Only a rule that names an internal topic, or allows everything, reaches into it; that it exists is no secret.
    const rule =
      this.topic.all.find(internal ? operations & op.describe : operations) ??
      (internal ? this.#internal.find(operations) : undefined);
    if (rule !== undefined) return rule;
    // A name that no topic can have is answered by the broker where nothing but "all topics" is asked for, else denied.
    if (!isTopicName(bytes, start, length)) return undefined;
    return this.topic.named.find(bytes, start, length, operations, internal);
  }
}

/** Conditions of a rule; `''` stands for none. */
const condition = (clientId: string, api: string, version: number | ''): string => `${version}/${api}/${clientId}`;

export class Rules {
  readonly audit: boolean;
  readonly #tables = new Map<string, Table>();
  readonly #plain: readonly Table[] = [];
  readonly #conditional: boolean;

  constructor(ruleSet: KafkaRuleSet) {
    this.audit = ruleSet.audit;
    for (const rule of ruleSet.kafka) {
      const key = condition(rule.clientID ?? '', rule.apiKey ?? '', rule.apiVersion ?? '');
      let table = this.#tables.get(key);
      if (table === undefined) {
        table = new Table();
        this.#tables.set(key, table);
      }
      table.add(rule);
    }
    const plain = this.#tables.get(condition('', '', ''));
    this.#plain = plain === undefined ? [] : [plain];
    this.#conditional = this.#tables.size > this.#plain.length;
  }

  /** The tables whose conditions the request meets. */
  tables(clientId: string, api: string, version: number): readonly Table[] {
    if (!this.#conditional) return this.#plain;
    const met: Table[] = [];
    for (const id of clientId === '' ? [''] : ['', clientId]) {
      for (const name of ['', api]) {
        for (const number of ['' as const, version]) {
          const table = this.#tables.get(condition(id, name, number));
          if (table !== undefined) met.push(table);
        }
      }
    }
    return met;
  }
}

export type { Table };

const compiled = new Map<string, Rules>();

/** Compiles once a rule set; the oldest is forgotten when there are too many. */
export function compileRules(ruleSet: KafkaRuleSet): Rules {
  const key = `${ruleSet.audit ? 'audit' : 'enforce'} ${ruleSet.key}`;
  let rules = compiled.get(key);
  if (rules === undefined) {
    rules = new Rules(ruleSet);
    for (const oldest of compiled.keys()) {
      if (compiled.size < limits.kafkaCompiledRuleSets) break;
      compiled.delete(oldest);
    }
    compiled.set(key, rules);
  }
  return rules;
}
