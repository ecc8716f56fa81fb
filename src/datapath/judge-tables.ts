/**
 * The kernel's automata, one a rule set: compiled when a rule set is new, exchanged whole, removed when it is gone. A rule
 * set without a table is judged by the proxy from its first packet on.
 */

import { BpfMap, type BpfObject } from '../../native/index.ts';
import { compileJudge } from '../judge/compile.ts';
import { encodeTable, TABLE_CELLS } from '../judge/table.ts';
import type { HttpRuleSet, L7RuleSet, ResolvedPolicy } from '../policy/resolved.ts';
import { bound } from './abi.generated.ts';
import { u32 } from './kernel-maps.ts';

const sizes = ['small', 'medium', 'large'] as const;

export class JudgeTables {
  /** By size, in the order of `TABLE_CELLS`. */
  readonly #maps: readonly BpfMap[];
  /** Rule sets that have a table, by the index of its size. */
  readonly #loaded = new Map<number, { readonly key: string; readonly size: number }>();

  constructor(object: BpfObject) {
    this.#maps = sizes.map((size) => object.map(`judges_${size}`));
  }

  /** Rule sets that the kernel judges by. */
  get count(): number {
    return this.#loaded.size;
  }

  /** Adds what is new. @returns what removes the tables that are no longer wanted, once the new policy is in force */
  put(resolved: ResolvedPolicy): () => void {
    const wanted = httpRuleSets(resolved);
    for (const ruleSet of wanted.values()) {
      if (this.#loaded.get(ruleSet.id)?.key !== ruleSet.key) this.#compile(ruleSet);
    }
    return () => {
      for (const id of this.#loaded.keys()) if (!wanted.has(id)) this.#remove(id);
    };
  }

  #compile(ruleSet: HttpRuleSet): void {
    if (ruleSet.id >= bound.rule_sets) return;
    const compiled = compileJudge(ruleSet);
    if ('skipped' in compiled) return;
    const size = (TABLE_CELLS as readonly number[]).indexOf(compiled.table.cells.length);
    const outer = this.#maps[size];
    if (!outer) return;
    const value = encodeTable(compiled.table);
    using inner = BpfMap.create({ type: 'array', name: 'judge', keySize: 4, valueSize: value.length, maxEntries: 1 });
    inner.put(u32(0), value);
    outer.putMap(u32(ruleSet.id), inner);
    this.#loaded.set(ruleSet.id, { key: ruleSet.key, size });
  }

  #remove(id: number): void {
    const loaded = this.#loaded.get(id);
    if (!loaded) return;
    this.#maps[loaded.size]?.delete(u32(id));
    this.#loaded.delete(id);
  }
}

/** By the kernel's number. */
export function httpRuleSets(resolved: ResolvedPolicy): Map<number, HttpRuleSet> {
  const found = new Map<number, HttpRuleSet>();
  const add = (ruleSet: L7RuleSet): void => {
    if (ruleSet.kind === 'http') found.set(ruleSet.id, ruleSet);
  };
  for (const endpoint of resolved.endpoints) {
    for (const { peers } of [endpoint.ingress, endpoint.egress]) {
      for (const ranges of peers.values()) {
        for (const { verdict } of ranges) if (verdict.verdict === 'l7') add(verdict.ruleSet);
      }
    }
  }
  return found;
}
