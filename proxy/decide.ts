/**
 * The verdict on one HTTP request, the same for HTTP/1.1, HTTP/2 and gRPC.
 */

import type { HeaderMatch, HttpRuleSet, RuleRef } from '../src/policy/resolved.ts';
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
}

/** What the forwarder must do to the header before it may forward (headerMatches with a mismatch action). */
export type HeaderEdit = { readonly match: HeaderMatch; readonly rule: RuleRef };

export type HttpDecision =
  | {
      readonly verdict: 'ALLOW';
      readonly permit: Permit;
      readonly rule: RuleRef;
      readonly edits: readonly HeaderEdit[];
    }
  /** Would be denied; forwarded because the rule set is in audit mode. */
  | { readonly verdict: 'AUDIT'; readonly permit: Permit; readonly reason: DenyReason; readonly detail: string }
  | { readonly verdict: 'DENY'; readonly reason: DenyReason; readonly detail: string };

export interface HttpDecider {
  decide(head: HttpRequestHead): HttpDecision;
}

/** Compiled once a rule set (cached by `key`), used for every request of every connection under it. */
export type CompileHttpRules = (ruleSet: HttpRuleSet) => HttpDecider;
