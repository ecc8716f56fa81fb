/** Which rules a method leaves: methods that leave the same ones are one set. */

import type { Labels } from './determinize.ts';
import type { PreparedRule } from './prepared-rules.ts';

interface ActiveSet {
  readonly byPath: ReadonlyMap<number, readonly PreparedRule[]>;
}

export class ActiveSets {
  readonly sets: ActiveSet[] = [];
  readonly #rules: readonly PreparedRule[];
  readonly #none: number;
  readonly #known = new Map<string, number>();

  /** @param none label of the methods that are never judged in the kernel */
  constructor(rules: readonly PreparedRule[], none: number) {
    this.#rules = rules;
    this.#none = none;
  }

  /** @returns the set's index in `sets`; undefined: no rule is left */
  of(methods: Labels): number | undefined {
    if (methods.includes(this.#none)) return undefined;
    const key = methods.join();
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const matching = new Set(methods);
    const byPath = new Map<number, PreparedRule[]>();
    for (const rule of this.#rules) {
      if (!matching.has(rule.method)) continue;
      const rules = byPath.get(rule.path);
      if (rules) rules.push(rule);
      else byPath.set(rule.path, [rule]);
    }
    if (byPath.size === 0) return undefined;
    this.#known.set(key, this.sets.length);
    return this.sets.push({ byPath }) - 1;
  }

  /** In the order of the rule set. */
  withPaths(set: number, paths: readonly number[]): readonly PreparedRule[] {
    const byPath = this.sets[set]?.byPath;
    const [first] = paths;
    if (paths.length === 1 && first !== undefined) return byPath?.get(first) ?? [];
    return paths.flatMap((path) => byPath?.get(path) ?? []).sort((a, b) => a.index - b.index);
  }
}
