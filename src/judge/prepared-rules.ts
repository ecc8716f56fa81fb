/** Rules as the judge needs them: every distinct pattern parsed once, everything that can't be compiled left out and named. */

import type { HttpRule, HttpRuleSet, RuleRef } from '../policy/resolved.ts';
import { type ByteSet, LOWER, range, UPPER } from './byte-set.ts';
import { Conditions, HOST_SEEN } from './conditions.ts';
import type { Entry } from './determinize.ts';
import { PORT } from './grammar.ts';
import { Nfa } from './nfa.ts';
import { parsePattern } from './pattern-parser.ts';
import { isTreeLike, mapSets, NotCompilable, type Regex } from './regex.ts';

export interface PreparedRule {
  /** In `http`, then in `grpc`. */
  readonly index: number;
  /** Labels of its patterns. */
  readonly method: number;
  readonly path: number;
  /** Undefined: any host. */
  readonly host: number | undefined;
  readonly marks: number;
  /** Requests that it could match are changed on their way: none of them is the kernel's, whatever other rules say. */
  readonly edits: boolean;
}

export interface JudgeNote {
  readonly rule: RuleRef;
  /** Why the kernel can't judge by it; the proxy does. */
  readonly reason: string;
}

/** A rule is in the way of all others. */
export class Unjudgeable extends Error {}

/** Distinct patterns of one kind; the label of one is its index. */
export class Patterns {
  readonly nfa: Nfa;
  readonly entries: Entry[] = [];
  readonly #labels = new Map<string | undefined, number>();

  constructor(mostPositions: number, universe: ByteSet) {
    this.nfa = new Nfa(mostPositions, universe);
  }

  /** @param key equal exactly when the pattern is; undefined: any text */
  label(key: string | undefined, regex: () => Regex | undefined): number {
    const known = this.#labels.get(key);
    if (known !== undefined) return known;
    const label = this.entries.length;
    this.entries.push({ node: this.nfa.add(regex()), label });
    this.#labels.set(key, label);
    return label;
  }
}

const visible = range(0x21, 0x7e);

export class PreparedRules {
  readonly methods: Patterns;
  readonly paths: Patterns;
  readonly hosts: Patterns;
  readonly conditions = new Conditions();
  readonly rules: PreparedRule[] = [];
  readonly notes: JudgeNote[] = [];
  readonly #treesOnly: boolean;

  /**
   * @param treesOnly leave out paths that repeat in the middle
   * @throws {Unjudgeable}
   */
  constructor(ruleSet: HttpRuleSet, mostPositions: number, treesOnly: boolean) {
    this.#treesOnly = treesOnly;
    this.methods = new Patterns(mostPositions, visible);
    this.paths = new Patterns(mostPositions, visible);
    this.hosts = new Patterns(mostPositions, visible);
    for (const [index, rule] of ruleSet.http.entries()) this.#add(rule, index);
    for (const [index, { service, method, ref }] of ruleSet.grpc.entries()) {
      const path = `/${literally(service)}/${method === undefined ? '[^/?]+' : literally(method)}`;
      this.#add({ ref, method: 'POST', path }, ruleSet.http.length + index);
    }
  }

  #add(rule: HttpRule, index: number): void {
    const edits = (rule.headerMatches ?? []).some(({ mismatch }) => mismatch !== undefined);
    try {
      // What a rule changes may depend on conditions; that it could match at all depends on these two alone.
      const method = this.methods.label(rule.method, () => optional(rule.method));
      const path = this.paths.label(rule.path, () => this.#path(rule.path));
      if (edits) {
        this.rules.push({ index, method, path, host: undefined, marks: HOST_SEEN, edits });
        this.notes.push({ rule: rule.ref, reason: 'it changes headers' });
        return;
      }
      const { host } = rule;
      const hostLabel = host === undefined ? undefined : this.hosts.label(host, () => hostPattern(host));
      this.rules.push({ index, method, path, host: hostLabel, marks: this.conditions.marksOf(rule), edits });
    } catch (error) {
      if (!(error instanceof NotCompilable)) throw error;
      if (edits)
        throw new Unjudgeable(`${rule.ref.rule} of ${rule.ref.policy} changes headers and has ${error.message}`);
      this.notes.push({ rule: rule.ref, reason: error.message });
    }
  }

  #path(source: string | undefined): Regex | undefined {
    const regex = optional(source);
    if (this.#treesOnly && regex && !isTreeLike(regex)) {
      throw new NotCompilable('a path that repeats in the middle, in a rule set that is too large with it');
    }
    return regex;
  }
}

function optional(source: string | undefined): Regex | undefined {
  return source === undefined ? undefined : parsePattern(source);
}

function literally(text: string): string {
  return text.replaceAll(/[^0-9A-Za-z]/g, '\\$&');
}

/** As proxy/decide.ts: in either case, against the host in lower case, with its port or without. */
function hostPattern(source: string): Regex {
  const regex = mapSets(parsePattern(`(?i)${source}`), inEitherCase);
  const bare: Regex = { kind: 'sequence', parts: [regex, { kind: 'seal' }, PORT] };
  return { kind: 'choice', parts: [regex, bare] };
}

/** A capital in the host is what its small letter is; where a pattern insists on a capital (`(?-i)`), it matches nothing. */
function inEitherCase(set: ByteSet): ByteSet {
  return (set & ~UPPER) | ((set & LOWER) >> 32n);
}
