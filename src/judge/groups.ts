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
  /** As table.ts has them: the count, then three cells a candidate. */
  readonly cells: number[][] = [];
  /** Rules whose later candidates found no room; what only they allow goes to the proxy. */
  readonly crowded = new Set<number>();
  readonly #known = new Map<string, number>();
  /** Sets of host patterns that some host matches → number from 1. */
  readonly #hostLabels = new Map<string, number>();
  /** By host pattern: the numbers of the sets that it is in. */
  readonly #hostsOf = new Map<number, number[]>();

  constructor(hosts: Dfa) {
    for (const { labels } of hosts.states) if (labels) this.#addHosts(labels);
  }

  #addHosts(labels: Labels): void {
    const key = labels.join();
    if (this.#hostLabels.has(key)) return;
    const number = this.#hostLabels.size + 1;
    this.#hostLabels.set(key, number);
    for (const label of labels) this.#hostsOf.set(label, [...(this.#hostsOf.get(label) ?? []), number]);
  }

  hostLabel(labels: Labels): number {
    return this.#hostLabels.get(labels.join()) ?? 0;
  }

  /** @returns the group's number; undefined: no request with such a target is the kernel's */
  of(rules: readonly PreparedRule[]): number | undefined {
    if (rules.some(({ edits }) => edits)) return undefined;
    const cells = this.#candidates(rules).flatMap(({ marks, host, rule }) => [marks, host, rule]);
    if (cells.length === 0) return undefined;
    const key = cells.join();
    const known = this.#known.get(key) ?? this.cells.push([cells.length / 3, ...cells]) - 1;
    this.#known.set(key, known);
    return known;
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
