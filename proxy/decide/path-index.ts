/** Which rules can match a target: by table for literal and prefix patterns, so that 10,000 rules cost what one does. */

import { matches, type Pattern } from './pattern.ts';

export class PathIndex {
  readonly #exact = new Map<string, number[]>();
  /** By the prefix's length: a search is one look-up for each length in use. */
  readonly #prefixes = new Map<number, Map<string, number[]>>();
  readonly #others: { readonly rule: number; readonly pattern: Pattern | undefined }[] = [];

  /** Rules that match every path. */
  readonly whatever: readonly number[];

  /** @param patterns of each rule, in order; undefined: any path */
  constructor(patterns: readonly (Pattern | undefined)[]) {
    this.whatever = [...patterns.keys()].filter((rule) => matchesAnyPath(patterns[rule]));
    for (const [rule, pattern] of patterns.entries()) {
      if (pattern?.kind === 'exact') {
        add(this.#exact, pattern.text, rule);
      } else if (pattern?.kind === 'prefix') {
        const ofLength = this.#prefixes.get(pattern.text.length) ?? new Map<string, number[]>();
        add(ofLength, pattern.text, rule);
        this.#prefixes.set(pattern.text.length, ofLength);
      } else {
        this.#others.push({ rule, pattern });
      }
    }
  }

  /** Rules whose path matches, in their order. */
  matching(target: string): readonly number[] {
    const found = [...(this.#exact.get(target) ?? [])];
    for (const [length, ofLength] of this.#prefixes) {
      if (length <= target.length) found.push(...(ofLength.get(target.slice(0, length)) ?? []));
    }
    for (const { rule, pattern } of this.#others) {
      if (pattern === undefined || matches(pattern, target)) found.push(rule);
    }
    return found.sort((a, b) => a - b);
  }
}

/** Without a pattern, or by one such as `.*` or `/.*`: paths begin with a slash in every reading. */
function matchesAnyPath(pattern: Pattern | undefined): boolean {
  return pattern === undefined || (pattern.kind === 'prefix' && (pattern.text === '' || pattern.text === '/'));
}

function add(map: Map<string, number[]>, key: string, rule: number): void {
  const rules = map.get(key);
  if (rules) rules.push(rule);
  else map.set(key, [rule]);
}
