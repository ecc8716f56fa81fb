/** Which rules a method leaves: methods that leave the same ones are one set. */

import type { Labels } from './determinize.ts';
import type { PreparedRule } from './prepared-rules.ts';

export class ActiveSets {
  readonly sets: (readonly PreparedRule[])[] = [];
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
    const rules = this.#rules.filter(({ method }) => matching.has(method));
    if (rules.length === 0) return undefined;
    this.#known.set(key, this.sets.length);
    return this.sets.push(rules) - 1;
  }
}
