/** What flows call the kernel's numbers: workloads by name, everyone else by what they are. */

import type { EndpointId, Identity, IdentityId } from './identity/identity.ts';
import type { Names } from './observe/flow.ts';
import type { Member } from './policy/resolve.ts';
import type { ResolvedPolicy } from './policy/resolved.ts';

export function namesOf(
  resolved: ResolvedPolicy,
  members: readonly Member[],
  endpointId: (key: string) => EndpointId,
): Names {
  const endpoints = new Map<EndpointId, string>();
  for (const { key, local } of members) if (local) endpoints.set(endpointId(key), key);

  // Workloads with equal labels share an identity, and then its name is that of none of them.
  const owners = new Map<IdentityId, Set<string>>();
  const byAddress = new Map(
    members.flatMap(({ key, addresses }) => addresses.map((address) => [address, key] as const)),
  );
  for (const { prefix, identity } of resolved.prefixes) {
    const key = byAddress.get(prefix.address);
    if (key !== undefined) owners.set(identity, (owners.get(identity) ?? new Set()).add(key));
  }
  const identities = new Map<IdentityId, string>();
  for (const identity of resolved.identities) identities.set(identity.id, nameOf(identity, owners.get(identity.id)));
  return { endpoint: (id) => endpoints.get(id), identity: (id) => identities.get(id) };
}

function nameOf(identity: Identity, owners: ReadonlySet<string> | undefined): string {
  switch (identity.kind) {
    case 'reserved':
      return identity.name;
    case 'cidr':
      return `${identity.prefix.address}/${identity.prefix.length}`;
    case 'workload': {
      const [only, ...others] = owners ?? [];
      if (only !== undefined && others.length === 0) return only;
      const labels = [...identity.labels].map(([name, value]) => `${name}=${value}`).join(',');
      return `${identity.namespace}/{${labels}}`;
    }
  }
}
