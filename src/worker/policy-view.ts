/** The resolved policy as a worker asks it: which rule set holds for this connection, now. */

import type { ConnectionPolicy, ConnectionRuling } from '../../proxy/connection.ts';
import type { ConnectionFacts } from '../../proxy/record.ts';
import { type EndpointId, type IdentityId, reserved } from '../identity/identity.ts';
import type { EndpointPolicy, ResolvedPolicy } from '../policy/resolved.ts';
import { verdictAt } from '../policy/route.ts';
import { PrefixTable } from './prefix-table.ts';

export class PolicyView implements ConnectionPolicy {
  readonly #endpoints: ReadonlyMap<EndpointId, EndpointPolicy>;
  readonly #identities: PrefixTable;

  constructor(resolved: ResolvedPolicy) {
    this.#endpoints = new Map(resolved.endpoints.map((policy) => [policy.endpoint, policy]));
    this.#identities = new PrefixTable(resolved.prefixes);
  }

  identifyAnew(facts: ConnectionFacts): ConnectionFacts {
    const other = facts.direction === 'egress' ? facts.server : facts.client;
    const peer: IdentityId = this.#identities.find(other.address) ?? reserved.world;
    return peer === facts.peer ? facts : { ...facts, peer };
  }

  ruling({ endpoint, direction, peer, server }: ConnectionFacts): ConnectionRuling {
    const policy = this.#endpoints.get(endpoint)?.[direction];
    if (!policy) return { verdict: 'deny' };
    const found = verdictAt(policy, peer, server.port);
    if (!found) return { verdict: !policy.enforced || policy.audit ? 'open' : 'deny' };
    switch (found.verdict) {
      case 'l7':
        return { verdict: 'l7', ruleSet: found.ruleSet };
      case 'allow':
        return { verdict: 'open' };
      case 'deny':
        return { verdict: found.audit ? 'open' : 'deny' };
    }
  }
}
