/**
 * The resolved policy: what the parser and resolver hand to the two enforcers.
 *
 * The BPF datapath turns `PortRange`s into policy map entries; the proxy judges requests by the `L7RuleSet`s. Both get
 * the same object, so they can't disagree. Everything here is plain data and survives `postMessage`.
 */

import type { Direction, EndpointId, Identity, IdentityId, Prefix } from '../identity/identity.ts';

/** Where a rule stands, for flow records and error messages. */
export interface RuleRef {
  /** `namespace/name` of the policy. */
  readonly policy: string;
  /** Path inside the policy, e.g. `ingress[0].toPorts[0].rules.http[2]`. */
  readonly rule: string;
  readonly file: string;
  /** 1-based. */
  readonly line: number;
}

/** All fields that are given must match; a rule with none matches every request. */
export interface HttpRule {
  readonly ref: RuleRef;
  /** RE2 patterns, matched in full. `path` is matched against the whole request target with its query. */
  readonly method?: string;
  readonly path?: string;
  readonly host?: string;
  /** `Name: value` (exact value) or `Name` (presence). */
  readonly headers?: readonly string[];
  readonly headerMatches?: readonly HeaderMatch[];
}

/** A header condition; `mismatch` says what happens instead of "the rule does not match". Secrets are already read. */
export interface HeaderMatch {
  readonly name: string;
  /** Absent: presence is enough. */
  readonly value?: string;
  readonly mismatch?: 'LOG' | 'ADD' | 'DELETE' | 'REPLACE';
}

/** First-class sugar over `POST /service/method`; both names are exact, a missing method is any. */
export interface GrpcRule {
  readonly ref: RuleRef;
  readonly service: string;
  readonly method?: string;
}

export interface KafkaRule {
  readonly ref: RuleRef;
  readonly role?: 'produce' | 'consume' | 'describe' | 'admin';
  /** Lower-case API name, e.g. `fetch`. Never together with `role`. */
  readonly apiKey?: string;
  readonly apiVersion?: number;
  readonly clientID?: string;
  readonly topic?: string;
  readonly topicPrefix?: string;
  readonly group?: string;
  readonly groupPrefix?: string;
  readonly transactionalID?: string;
  readonly transactionalIDPrefix?: string;
}

interface RuleSetIdentity {
  /** Small positive number, the kernel's name for the set; stable as long as `key` is. */
  readonly id: number;
  /** Equal exactly when the rules are. */
  readonly key: string;
  /** What no rule allows is recorded as AUDIT and forwarded. */
  readonly audit: boolean;
}

/** An OR of rules of one protocol. */
export type L7RuleSet = HttpRuleSet | KafkaRuleSet;

export interface HttpRuleSet extends RuleSetIdentity {
  readonly kind: 'http';
  readonly http: readonly HttpRule[];
  readonly grpc: readonly GrpcRule[];
}

export interface KafkaRuleSet extends RuleSetIdentity {
  readonly kind: 'kafka';
  readonly kafka: readonly KafkaRule[];
}

export type PortVerdict =
  | { readonly verdict: 'allow'; readonly ref: RuleRef }
  /** `audit`: the flow passes, and is counted and recorded as AUDIT. */
  | { readonly verdict: 'deny'; readonly ref: RuleRef; readonly audit: boolean }
  | { readonly verdict: 'l7'; readonly ref: RuleRef; readonly ruleSet: L7RuleSet };

/** `protocol` is the IP protocol number; for ICMP (1) and ICMPv6 (58) the "port" is the message type. `'any'` = every protocol and port. */
export type PortRange =
  | { readonly protocol: 'any'; readonly verdict: PortVerdict }
  | { readonly protocol: number; readonly first: number; readonly last: number; readonly verdict: PortVerdict };

export interface DirectionPolicy {
  /** False: no rule selects the endpoint in this direction; what no range names is allowed. True: it is denied. */
  readonly enforced: boolean;
  /** With `enforced`: every rule that selects the endpoint here is in audit mode; what no range names passes as AUDIT. */
  readonly audit: boolean;
  /**
   * Per peer identity: disjoint ranges a protocol, sorted; at most one `any`, which holds where no other range of the
   * same identity does. Deny already won, L7 rule sets are already merged. An identity that is absent has no ranges.
   */
  readonly peers: ReadonlyMap<IdentityId, readonly PortRange[]>;
}

export interface EndpointPolicy {
  readonly endpoint: EndpointId;
  readonly ingress: DirectionPolicy;
  readonly egress: DirectionPolicy;
}

export interface ResolvedPolicy {
  /** Grows by one with every change of policies or workloads. */
  readonly revision: number;
  readonly identities: readonly Identity[];
  /** Longest prefix decides; always has `0.0.0.0/0` and `::/0` (world). */
  readonly prefixes: readonly { readonly prefix: Prefix; readonly identity: IdentityId }[];
  readonly endpoints: readonly EndpointPolicy[];
}

export type { Direction };
