/**
 * The kernel's automata, one a rule set: compiled when a rule set is new, exchanged whole, removed when it is gone. A rule
 * set without a table is judged by the proxy: from its first packet on, or by a takeover. So a table may come later than the
 * policy that it belongs to, and one of other rules must be gone before.
 */

import { BpfMap, type BpfObject, NativeError } from '../../native/index.ts';
import { compileJudge } from '../judge/compile.ts';
import { type EncodedTable, encodeTable, TABLE_CELLS } from '../judge/table.ts';
import { limits } from '../limits.ts';
import type { HttpRuleSet, L7RuleSet, ResolvedPolicy, RuleRef } from '../policy/resolved.ts';
import { bound } from './abi.generated.ts';
import { JudgeCompiler } from './judge-compiler.ts';
import { u32 } from './kernel-maps.ts';

const sizes = ['small', 'medium', 'large'] as const;
/** What the main thread compiles by itself: the usual few rules, in some ten milliseconds. */
const inline = { ...limits, judgeSteps: limits.judgeInlineSteps };

/** Of the rules that `key` stands for. */
interface Known {
  readonly key: string;
  /** Index in `sizes`; undefined: they have no table. */
  readonly size: number | undefined;
}

export class JudgeTables {
  /** By size, in the order of `TABLE_CELLS`. */
  readonly #maps: readonly BpfMap[];
  readonly #known = new Map<number, Known>();
  readonly #compiler = new JudgeCompiler((ruleSet, table) => this.#deliver(ruleSet, table));
  #wanted: ReadonlyMap<number, HttpRuleSet> = new Map();

  constructor(object: BpfObject) {
    this.#maps = sizes.map((size) => object.map(`judges_${size}`));
  }

  /**
   * Adds what is new; what takes long comes later.
   * @returns what removes the tables that are no longer wanted, once the new policy is in force
   */
  put(resolved: ResolvedPolicy): () => void {
    this.#wanted = httpRuleSets(resolved);
    const fresh: HttpRuleSet[] = [];
    for (const ruleSet of this.#wanted.values()) {
      // gRPC speaks HTTP/2, where the server may speak first: better diverted from the SYN on than taken over each time.
      if (ruleSet.grpc.length > 0) continue;
      if (ruleSet.id >= bound.rule_sets || this.#known.get(ruleSet.id)?.key === ruleSet.key) continue;
      this.#remove(ruleSet.id);
      fresh.push(ruleSet);
    }
    fresh.sort((a, b) => a.http.length + a.grpc.length - b.http.length - b.grpc.length);
    const until = performance.now() + limits.judgeInlineMs;
    this.#compiler.compile(fresh.filter((ruleSet) => performance.now() > until || !this.#compile(ruleSet)));
    return () => {
      for (const id of this.#known.keys()) if (!this.#wanted.has(id)) this.#remove(id);
    };
  }

  /** Rule sets that are still being compiled; until they are, their requests are the proxy's. */
  get pending(): number {
    return this.#compiler.pending;
  }

  close(): void {
    this.#compiler.close();
  }

  /** @returns whether that was all that can be said; false: it takes longer */
  #compile(ruleSet: HttpRuleSet): boolean {
    const compiled = compileJudge(ruleSet, inline);
    // With more steps there may be more to it.
    if ('skipped' in compiled || compiled.notes.length > 0) return false;
    this.#install(ruleSet, { cells: compiled.table.cells.length, value: encodeTable(compiled.table) });
    return true;
  }

  #deliver(ruleSet: HttpRuleSet, table: EncodedTable | undefined): void {
    if (this.#wanted.get(ruleSet.id)?.key !== ruleSet.key) return;
    try {
      this.#install(ruleSet, table);
    } catch (error) {
      if (!(error instanceof NativeError)) throw error;
      // The kernel has no room for it. Its requests are the proxy's.
      this.#known.set(ruleSet.id, { key: ruleSet.key, size: undefined });
    }
  }

  #install({ id, key }: HttpRuleSet, table: EncodedTable | undefined): void {
    const size = table && (TABLE_CELLS as readonly number[]).indexOf(table.cells);
    const outer = this.#maps[size ?? -1];
    if (table && outer) {
      const { value } = table;
      using inner = BpfMap.create({ type: 'array', name: 'judge', keySize: 4, valueSize: value.length, maxEntries: 1 });
      inner.put(u32(0), value);
      outer.putMap(u32(id), inner);
    }
    this.#known.set(id, { key, size });
  }

  #remove(id: number): void {
    const size = this.#known.get(id)?.size;
    if (size !== undefined) this.#maps[size]?.delete(u32(id));
    this.#known.delete(id);
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

/** The place of the rule that the kernel calls by its index: HTTP rules, then gRPC rules (src/judge/table.ts). */
export function ruleAt(ruleSet: HttpRuleSet | undefined, index: number): RuleRef | undefined {
  return ruleSet && [...ruleSet.http, ...ruleSet.grpc][index]?.ref;
}
