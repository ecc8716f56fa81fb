/** What the policy of this node says about a connection between two addresses, looked at from both of its ends. */

import type { IdentityId } from '../identity/identity.ts';
import type { DirectionPolicy, EndpointPolicy, KafkaRuleSet, PortVerdict } from './resolved.ts';

const tcp = 6;

export type RouteRuling =
  /** No end of it is an endpoint of this node. */
  | { readonly verdict: 'elsewhere' }
  /** One of the ends lets nothing pass, or nothing that is Kafka. In audit mode too: it is what the policy says. */
  | { readonly verdict: 'deny' }
  /** It passes, judged by no rule for requests. */
  | { readonly verdict: 'open' }
  /** The Kafka rules of one end, or of both. */
  | { readonly verdict: 'kafka'; readonly ruleSets: readonly KafkaRuleSet[] };

export interface RouteEnd {
  readonly identity: IdentityId;
  /** Of an endpoint with a tap on this node. */
  readonly policy?: EndpointPolicy;
}

export function rulingOfRoute(client: RouteEnd, server: RouteEnd, port: number): RouteRuling {
  const taps: readonly (readonly [DirectionPolicy, IdentityId])[] = [
    ...(client.policy ? [[client.policy.egress, server.identity] as const] : []),
    ...(server.policy ? [[server.policy.ingress, client.identity] as const] : []),
  ];
  if (taps.length === 0) return { verdict: 'elsewhere' };
  const ruleSets: KafkaRuleSet[] = [];
  for (const [policy, peer] of taps) {
    const found = verdictAt(policy, peer, port);
    if (found === undefined ? policy.enforced : found.verdict === 'deny') return { verdict: 'deny' };
    if (found?.verdict !== 'l7') continue;
    if (found.ruleSet.kind !== 'kafka') return { verdict: 'deny' };
    ruleSets.push(found.ruleSet);
  }
  return ruleSets.length === 0 ? { verdict: 'open' } : { verdict: 'kafka', ruleSets };
}

/** What the ranges of a peer say about a TCP port; `undefined`: nothing, so it is what holds in the direction. */
export function verdictAt({ peers }: DirectionPolicy, peer: IdentityId, port: number): PortVerdict | undefined {
  let any: PortVerdict | undefined;
  for (const range of peers.get(peer) ?? []) {
    if (range.protocol === 'any') any = range.verdict;
    else if (range.protocol === tcp && range.first <= port && port <= range.last) return range.verdict;
  }
  return any;
}
