/** The identities of one moment: workloads by their labels, prefixes that rules name, host and world. */

import { Allocation } from '../identity/allocation.ts';
import {
  type Address,
  type Identity,
  type IdentityId,
  type Labels,
  type Prefix,
  reserved,
} from '../identity/identity.ts';
import { hostPrefix, prefixKey } from './cidr.ts';
import type { Peers, Policy } from './policy.ts';
import type { ResolvedPolicy } from './resolved.ts';

/** A workload that policies can be about. */
export interface Member {
  /** `namespace/name`. */
  readonly key: string;
  readonly namespace: string;
  readonly labels: Labels;
  readonly addresses: readonly Address[];
  /** True: an endpoint of this node, with a tap. */
  readonly local: boolean;
}

/** Of `0.0.0.0/0` and `::/0`. */
const everything: readonly Prefix[] = [
  { address: '0.0.0.0' as Address, length: 0 },
  { address: '::' as Address, length: 0 },
];

export class IdentityNumbers {
  // The ranges are Cilium's: workloads from 256 on, prefixes of this node from 2^24 on.
  readonly #workloads = new Allocation<IdentityId>(256, 2 ** 24 - 1);
  readonly #cidrs = new Allocation<IdentityId>(2 ** 24, 2 ** 32 - 1);

  workload({ namespace, labels }: Pick<Member, 'namespace' | 'labels'>): IdentityId {
    const sorted = [...labels].sort(([a], [b]) => (a < b ? -1 : 1));
    return this.#workloads.of(JSON.stringify([namespace, ...sorted]));
  }

  cidr(prefix: Prefix): IdentityId {
    return this.#cidrs.of(prefixKey(prefix));
  }
}

export function identitiesOf(
  policies: readonly Policy[],
  members: readonly Member[],
  numbers: IdentityNumbers,
): ReadonlyMap<IdentityId, Identity> {
  const identities = new Map<IdentityId, Identity>([
    [reserved.host, { kind: 'reserved', id: reserved.host, name: 'host' }],
    [reserved.world, { kind: 'reserved', id: reserved.world, name: 'world' }],
  ]);
  for (const member of members) {
    const id = numbers.workload(member);
    const { namespace, labels } = member;
    if (!identities.has(id)) identities.set(id, { kind: 'workload', id, namespace, labels });
  }
  for (const prefix of namedPrefixes(policies)) {
    const id = numbers.cidr(prefix);
    identities.set(id, { kind: 'cidr', id, prefix });
  }
  return identities;
}

/** Every prefix for which some rule makes a difference, exceptions too. */
function namedPrefixes(policies: readonly Policy[]): Prefix[] {
  const rules = policies.flatMap(({ specs }) => specs.flatMap((spec) => spec.rules));
  return rules.flatMap(({ peers }) => prefixesOf(peers));
}

function prefixesOf(peers: Peers): Prefix[] {
  switch (peers.kind) {
    case 'cidrs':
      return peers.cidrs.flatMap(({ prefix, except }) => [prefix, ...except]);
    case 'entities':
      return everything.filter((_, i) => peers.entities.includes(i === 0 ? 'world-ipv4' : 'world-ipv6'));
    case 'any':
    case 'endpoints':
      return [];
  }
}

/** The kernel's table: a workload's or the host's own address is never taken for a part of a prefix that a rule names. */
export function prefixTable(
  identities: ReadonlyMap<IdentityId, Identity>,
  members: readonly Member[],
  hostAddresses: readonly Address[],
  numbers: IdentityNumbers,
): ResolvedPolicy['prefixes'] {
  const table = new Map<string, ResolvedPolicy['prefixes'][number]>();
  const set = (prefix: Prefix, identity: IdentityId) => table.set(prefixKey(prefix), { prefix, identity });
  for (const prefix of everything) set(prefix, reserved.world);
  for (const identity of identities.values()) if (identity.kind === 'cidr') set(identity.prefix, identity.id);
  // What was found on this node beats what a file says about elsewhere; the host is last, it is beyond doubt.
  for (const local of [false, true]) {
    for (const member of members.filter((one) => one.local === local)) {
      for (const address of member.addresses) set(hostPrefix(address), numbers.workload(member));
    }
  }
  for (const address of hostAddresses) set(hostPrefix(address), reserved.host);
  return [...table.values()];
}
