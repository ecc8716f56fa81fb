/**
 * The verdict on one HTTP request, the same for HTTP/1.1, HTTP/2 and gRPC.
 */

import type { GrpcRule, HeaderMatch, HttpRuleSet, RuleRef } from '../src/policy/resolved.ts';
import { asksForEdit, type HeaderConditions, headerConditions, holds } from './decide/header-conditions.ts';
import { PathIndex } from './decide/path-index.ts';
import { compileHostPattern, compilePattern, matches, type Pattern } from './decide/pattern.ts';
import { otherReadings } from './decide/readings.ts';
import type { DenyReason } from './record.ts';

declare const minted: unique symbol;
/** Proof that `decide` allowed this request; whatever forwards a request asks for it. Only this file can make one. */
export interface Permit {
  readonly [minted]: true;
}

/** A request head as the wire carried it; nothing is normalised. */
export interface HttpRequestHead {
  readonly method: string;
  /** Request target, respectively `:path`: raw, with its query. */
  readonly target: string;
  /** `Host`, respectively `:authority`, with its port if one was sent. */
  readonly host: string;
  /** All values of a field, by its lower-case name, in order. */
  header(name: string): readonly string[];
  /** Whether there is a field that some servers take for `name` (decide/field-name.ts). */
  hasLookalike(name: string): boolean;
}

/** What the forwarder must do to the header before it may forward (headerMatches with a mismatch action). */
export type HeaderEdit = { readonly match: HeaderMatch; readonly rule: RuleRef };

export type HttpDecision =
  | {
      readonly verdict: 'ALLOW';
      readonly permit: Permit;
      readonly rule: RuleRef;
      readonly edits: readonly HeaderEdit[];
      /** Which headers are not as the rules want them; absent when there are no edits. */
      readonly detail?: string;
    }
  /** Would be denied; forwarded because the rule set is in audit mode. */
  | { readonly verdict: 'AUDIT'; readonly permit: Permit; readonly reason: DenyReason; readonly detail: string }
  | { readonly verdict: 'DENY'; readonly reason: DenyReason; readonly detail: string };

export interface HttpDecider {
  decide(head: HttpRequestHead): HttpDecision;
}

/** Compiled once a rule set (cached by `key`), used for every request of every connection under it. */
export type CompileHttpRules = (ruleSet: HttpRuleSet) => HttpDecider;

/** Verdicts that a rule set remembers; then it starts anew. With methods, targets and hosts of at most this length about 1 MiB. */
const rememberedVerdicts = 4096;
const rememberedLength = 128;
/** Rule sets that stay compiled; a node has one for each distinct list of rules. */
const compiledRuleSets = 1024;

const compiled = new Map<string, HttpDecider>();

export const compileHttpRules: CompileHttpRules = (ruleSet) => {
  const key = `${ruleSet.key}\0${ruleSet.audit}`;
  const known = compiled.get(key);
  if (known) return known;
  const decider = new RuleSetDecider(ruleSet);
  if (compiled.size === compiledRuleSets) compiled.clear();
  compiled.set(key, decider);
  return decider;
};

interface CompiledRule {
  readonly ref: RuleRef;
  readonly method: Pattern | undefined;
  readonly host: Pattern | undefined;
  readonly headers: HeaderConditions;
}

class RuleSetDecider implements HttpDecider {
  readonly #rules: readonly CompiledRule[];
  readonly #paths: PathIndex;
  readonly #grpc: HttpRuleSet['grpc'];
  readonly #audit: boolean;
  /** Whether a verdict depends on more than method, target and host. */
  readonly #asksHeaders: boolean;
  /** Whether a rule changes headers on some paths only. */
  readonly #editsByPath: boolean;
  /** By host, method and target: none of them is copied to be looked up. */
  readonly #known = new Map<string, Map<string, Map<string, HttpDecision>>>();
  #knownCount = 0;

  constructor(ruleSet: HttpRuleSet) {
    this.#rules = ruleSet.http.map((rule) => ({
      ref: rule.ref,
      method: optional(rule.method),
      host: rule.host === undefined ? undefined : compileHostPattern(rule.host),
      headers: headerConditions(rule),
    }));
    this.#paths = new PathIndex(ruleSet.http.map(({ path }) => optional(path)));
    this.#grpc = ruleSet.grpc;
    this.#audit = ruleSet.audit;
    this.#editsByPath = this.#rules.some(
      ({ headers }, index) => headers.edits.length > 0 && !this.#paths.whatever.includes(index),
    );
    this.#asksHeaders = this.#rules.some(({ headers }) => headers.required.length + headers.edits.length > 0);
  }

  decide(head: HttpRequestHead): HttpDecision {
    if (this.#asksHeaders) return this.#judge(head);
    const known = this.#known.get(head.host)?.get(head.method)?.get(head.target);
    if (known) return known;
    const decision = this.#judge(head);
    const longest = Math.max(head.method.length, head.target.length, head.host.length);
    if (longest <= rememberedLength) this.#remember(head, decision);
    return decision;
  }

  #remember({ host, method, target }: HttpRequestHead, decision: HttpDecision): void {
    if (this.#knownCount === rememberedVerdicts) {
      this.#known.clear();
      this.#knownCount = 0;
    }
    // A slice would keep the whole head in memory that it was cut from.
    const [hostKey, methodKey, targetKey] = [copy(host), copy(method), copy(target)];
    const ofHost = this.#known.get(hostKey) ?? new Map<string, Map<string, HttpDecision>>();
    const ofMethod = ofHost.get(methodKey) ?? new Map<string, HttpDecision>();
    ofMethod.set(targetKey, decision);
    ofHost.set(methodKey, ofMethod);
    this.#known.set(hostKey, ofHost);
    this.#knownCount += 1;
  }

  /** Every reading of the path, because nobody knows which one the server takes. */
  #judge(head: HttpRequestHead): HttpDecision {
    const raw = this.#match(head, head.target, this.#paths.matching(head.target));
    const readings = otherReadings(head.target);
    if (readings === undefined) return this.#judgeWithoutPath(head);
    for (const reading of readings) {
      const read = this.#match(head, reading, this.#paths.matching(reading));
      if (!alike(raw, read))
        return this.#refuse('ambiguous', 'servers read this path differently, with other verdicts');
    }
    return raw.verdict === 'ALLOW' ? raw : this.#refuse(raw.reason, raw.detail);
  }

  /** Rules that look at the path allow nothing when it has no reading that holds. */
  #judgeWithoutPath(head: HttpRequestHead): HttpDecision {
    const match = this.#editsByPath ? undefined : this.#match(head, undefined, this.#paths.whatever);
    if (match?.verdict === 'ALLOW') return match;
    return this.#refuse('ambiguous', 'servers read this path too differently to judge it');
  }

  /** @param rules that match the target */
  #match(head: HttpRequestHead, target: string | undefined, rules: readonly number[]): Allowed | Denied {
    let allowing: RuleRef | undefined;
    let lookalike: string | undefined;
    const edits: HeaderEdit[] = [];
    for (const index of rules) {
      const rule = this.#rules[index];
      if (!rule || !matchesRest(rule, head)) continue;
      // The server may read the condition's field from another one: the rule says nothing of such a request.
      const mistakable = rule.headers.required.find(({ name }) => head.hasLookalike(name));
      if (mistakable) {
        lookalike ??= mistakable.name;
        continue;
      }
      allowing ??= rule.ref;
      // Every rule that matches has its say in the header, as in Cilium.
      for (const edit of rule.headers.edits) {
        if (asksForEdit(edit, head)) edits.push({ match: edit, rule: rule.ref });
      }
    }
    if (target !== undefined) allowing ??= this.#grpc.find((rule) => isCall(rule, head.method, target))?.ref;
    if (!allowing) return lookalike === undefined ? noRule : mistaken(lookalike);
    return { verdict: 'ALLOW', permit, rule: allowing, edits, ...(edits.length > 0 && { detail: mismatches(edits) }) };
  }

  #refuse(reason: DenyReason, detail: string): HttpDecision {
    return this.#audit ? { verdict: 'AUDIT', permit, reason, detail } : { verdict: 'DENY', reason, detail };
  }
}

// The one place that makes a permit.
const permit = Object.freeze({}) as Permit;

/** Both are ASCII by the scanner's grammar, respectively HTTP/2's. */
function copy(text: string): string {
  return Buffer.from(text, 'latin1').toString('latin1');
}

type Allowed = Extract<HttpDecision, { readonly verdict: 'ALLOW' }>;
type Denied = Extract<HttpDecision, { readonly verdict: 'DENY' }>;

const noRule: Denied = { verdict: 'DENY', reason: 'no-rule', detail: 'no rule allows this request' };

function mistaken(name: string): Denied {
  return { verdict: 'DENY', reason: 'ambiguous', detail: `servers may take another field for ${name}` };
}

/** A header that is taken away for one reading and left for another would be a way around the rule that takes it. */
function alike(one: Allowed | Denied, other: Allowed | Denied): boolean {
  if (one.verdict === 'DENY' || other.verdict === 'DENY') return one.verdict === other.verdict;
  if (one.edits.length !== other.edits.length) return false;
  return one.edits.every(({ match }, index) => match === other.edits[index]?.match);
}

/** Names only: a value may be a secret. */
function mismatches(edits: readonly HeaderEdit[]): string {
  return `not as the rules want it: ${edits.map(({ match }) => `${match.name} (${match.mismatch})`).join(', ')}`;
}

function optional(pattern: string | undefined): Pattern | undefined {
  return pattern === undefined ? undefined : compilePattern(pattern);
}

function matchesRest({ method, host, headers }: CompiledRule, head: HttpRequestHead): boolean {
  if (method && !matches(method, head.method)) return false;
  if (host && !matchesHost(host, head.host.toLowerCase())) return false;
  return headers.required.every((match) => holds(match, head));
}

/** With the port as it was sent, as Cilium matches it, or without: the port is the connection's, not the name's. */
function matchesHost(pattern: Pattern, host: string): boolean {
  return matches(pattern, host) || matches(pattern, host.replace(/:[0-9]{1,5}$/, ''));
}

function isCall({ service, method }: GrpcRule, requestMethod: string, target: string): boolean {
  if (requestMethod !== 'POST') return false;
  if (method !== undefined) return target === `/${service}/${method}`;
  const prefix = `/${service}/`;
  return target.startsWith(prefix) && /^[^/?]+$/.test(target.slice(prefix.length));
}
