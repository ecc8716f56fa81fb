/** What a target leaves open: the rules that still fit it, in order, with the host and the marks that each needs. */

import { HOST_SEEN } from './conditions.ts';
import type { Dfa, Labels } from './determinize.ts';
import type { PreparedRule } from './prepared-rules.ts';
import { CANDIDATES } from './table.ts';

interface Candidate {
  readonly marks: number;
  /** Operand of HOST_END; 0: any. */
  readonly host: number;
  readonly rule: number;
}

export class Groups {
  /** Rules whose later candidates found no room; what only they allow goes to the proxy. */
  readonly crowded = new Set<number>();
  /** Sets of host patterns that some host matches → number from 1. */
  readonly #hostLabels = new Map<string, number>();
  /** By host pattern: the numbers of the sets that it is in. */
  readonly #hostsOf = new Map<number, number[]>();

  constructor(hosts: Dfa) {
    for (const { labels, settled, next } of hosts.states) {
      if (labels && !settled) this.#addHosts(labels);
      for (const { emits } of next.values()) if (emits) this.#addHosts(emits);
    }
  }

  #addHosts(labels: Labels): void {
    const key = labels.join();
    if (this.#hostLabels.has(key)) return;
    const number = this.#hostLabels.size + 1;
    this.#hostLabels.set(key, number);
    for (const label of labels) {
      const numbers = this.#hostsOf.get(label);
      if (numbers) numbers.push(number);
      else this.#hostsOf.set(label, [number]);
    }
  }

  hostLabel(labels: Labels): number {
    return this.#hostLabels.get(labels.join()) ?? 0;
  }

  /** @returns the operands of GROUP; undefined: no request with such a target is the kernel's */
  of(rules: readonly PreparedRule[]): readonly number[] | undefined {
    if (rules.some(({ edits }) => edits)) return undefined;
    const candidates = this.#candidates(rules);
    if (candidates.length === 0) return undefined;
    return [candidates.length, ...candidates.flatMap(({ marks, host, rule }) => [marks, host, rule])];
  }

  #candidates(rules: readonly PreparedRule[]): Candidate[] {
    const candidates: Candidate[] = [];
    for (const { marks, host, index } of rules) {
      const hosts = host === undefined ? [0] : (this.#hostsOf.get(host) ?? []);
      for (const one of hosts) {
        if (candidates.length < CANDIDATES) candidates.push({ marks, host: one, rule: index });
        else this.crowded.add(index);
      }
      // Nothing behind a rule without conditions is ever reached.
      if (host === undefined && marks === HOST_SEEN) break;
    }
    return candidates;
  }
}
