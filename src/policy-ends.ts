/** Who is at an address, as the policy in force sees it: the same look-ups that the kernel makes. */

import type { DesiredState } from './desired-state.ts';
import { type Address, reserved } from './identity/identity.ts';
import type { EndAt } from './policy/broker-coverage.ts';
import type { EndpointPolicy } from './policy/resolved.ts';
import { PrefixTable } from './worker/prefix-table.ts';
import { workloadKey } from './workload/workload.ts';

export function policyEnds({ resolved, taps, workloads, names }: DesiredState): EndAt {
  const identities = new PrefixTable(resolved.prefixes);
  const known = new Set(resolved.identities.flatMap((one) => (isKnown(one) ? one.id : [])));
  const policies = new Map(resolved.endpoints.map((policy) => [policy.endpoint, policy]));
  const addresses = new Map(workloads.map((one) => [workloadKey(one.workload), one.addresses]));
  const tapped = new Map<Address, EndpointPolicy>();
  for (const { endpoint } of taps) {
    const policy = policies.get(endpoint);
    if (policy) for (const address of addresses.get(names.endpoint(endpoint) ?? '') ?? []) tapped.set(address, policy);
  }
  return (address) => {
    const identity = identities.find(address) ?? reserved.world;
    const policy = tapped.get(address);
    return { identity, isKnown: known.has(identity), ...(policy && { policy }) };
  };
}

function isKnown(identity: DesiredState['resolved']['identities'][number]): boolean {
  return identity.kind === 'workload' || identity.id === reserved.host;
}
