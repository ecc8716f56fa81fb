/** A policy as its file says it, parsed and checked, before it is resolved to identities. Plain data, never changed. */

import type { Direction, Prefix } from '../identity/identity.ts';
import type { GrpcRule, HttpRule, KafkaRule, RuleRef } from './resolved.ts';

/** 1-based. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

export interface Policy {
  /** Cluster-wide ones select endpoints of every namespace. */
  readonly kind: 'CiliumNetworkPolicy' | 'CiliumClusterwideNetworkPolicy';
  /** Empty for a cluster-wide policy. */
  readonly namespace: string;
  readonly name: string;
  readonly file: string;
  /** Of its name. */
  readonly position: Position;
  /** What this policy alone would deny passes as AUDIT; it opens nothing that others deny. */
  readonly audit: boolean;
  readonly specs: readonly PolicySpec[];
  /** Where every field stands, by its path in the sense of `RuleRef.rule`. */
  readonly positions: ReadonlyMap<string, Position>;
}

/** One `spec`: rules for the endpoints that `subject` selects. */
export interface PolicySpec {
  readonly subject: Selector;
  /** True: what no rule allows in this direction is denied. */
  readonly defaultDeny: Readonly<Record<Direction, boolean>>;
  readonly rules: readonly PolicyRule[];
}

/** One item of `ingress`, `egress`, `ingressDeny` or `egressDeny`. */
export interface PolicyRule {
  readonly ref: RuleRef;
  readonly direction: Direction;
  readonly effect: 'allow' | 'deny';
  readonly peers: Peers;
  /** An OR; empty: the rule has no effect of its own. */
  readonly ports: readonly PortMatch[];
}

/** Requirements on labels, all of which must hold. The namespace is the label `io.kubernetes.pod.namespace`. */
export interface Selector {
  readonly requirements: readonly Requirement[];
  /** Equal when the requirements are. */
  readonly key: string;
}

export interface Requirement {
  readonly label: string;
  readonly operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist';
  /** Empty for Exists and DoesNotExist. */
  readonly values: readonly string[];
}

/** The other ends that a rule names: an OR; an empty list is nobody. `any`: the rule names none, so it means everyone. */
export type Peers =
  | { readonly kind: 'any' }
  | { readonly kind: 'endpoints'; readonly selectors: readonly Selector[] }
  | { readonly kind: 'cidrs'; readonly cidrs: readonly CidrMatch[] }
  | { readonly kind: 'entities'; readonly entities: readonly Entity[] };

export interface CidrMatch {
  readonly prefix: Prefix;
  /** Prefixes inside `prefix` that are not meant. */
  readonly except: readonly Prefix[];
}

export const entities = ['all', 'world', 'world-ipv4', 'world-ipv6', 'cluster', 'host'] as const;
export type Entity = (typeof entities)[number];

/** Protocol and ports as in `PortRange`; `l7` judges what goes there, absent allows it. */
export interface PortMatch {
  readonly ref: RuleRef;
  readonly protocol: 'any' | number;
  readonly first: number;
  readonly last: number;
  readonly l7?: L7Rules;
}

/** The L7 rules of one `toPorts` item; one protocol, never empty. */
export type L7Rules =
  | { readonly kind: 'http'; readonly http: readonly HttpRule[]; readonly grpc: readonly GrpcRule[] }
  | { readonly kind: 'kafka'; readonly kafka: readonly KafkaRule[] };

/** `namespace/name`; only the name for a cluster-wide policy. */
export function policyKey({ namespace, name }: Pick<Policy, 'namespace' | 'name'>): string {
  return namespace === '' ? name : `${namespace}/${name}`;
}
