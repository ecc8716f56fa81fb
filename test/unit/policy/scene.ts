/** Policies as text and a few workloads, and what the enforcers would do with them. */

import assert from 'node:assert/strict';
import type { Address, Identity, IdentityId } from '../../../src/identity/identity.ts';
import { isInside, spanOf } from '../../../src/policy/cidr.ts';
import { formatDiagnostic } from '../../../src/policy/diagnostic.ts';
import { parsePolicies } from '../../../src/policy/parse.ts';
import type { Policy } from '../../../src/policy/policy.ts';
import { type Member, PolicyResolver } from '../../../src/policy/resolve.ts';
import type { DirectionPolicy, PortRange, PortVerdict, ResolvedPolicy } from '../../../src/policy/resolved.ts';

export const protocols = { icmp: 1, tcp: 6, udp: 17, icmpv6: 58, sctp: 132 } as const;

/** A namespaced policy of `default`; `spec` is the indented body below `spec:`, without `endpointSelector`. */
export function policyText(spec: string, { name = 'p', subject = '{app: server}', annotation = '' } = {}): string {
  return `apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata:
  name: ${name}
${annotation === '' ? '' : `  annotations: {${annotation}}\n`}spec:
  endpointSelector: {matchLabels: ${subject}}
${spec
  .replace(/^\n/, '')
  .split('\n')
  .map((line) => `  ${line}`)
  .join('\n')}
`;
}

export function parsed(...texts: string[]): Policy[] {
  return texts.flatMap((text, i) => {
    const { policies, diagnostics } = parsePolicies(`${i}.yaml`, text);
    const errors = diagnostics.filter(({ severity }) => severity === 'error');
    assert.deepEqual(errors.map(formatDiagnostic), []);
    return policies;
  });
}

export function errorsOf(text: string): string[] {
  const { policies, diagnostics } = parsePolicies('p.yaml', text);
  const errors = diagnostics.filter(({ severity }) => severity === 'error');
  if (errors.length > 0) assert.deepEqual(policies, [], 'a policy with an error is not there');
  return errors.map(formatDiagnostic);
}

export function member(name: string, address: string, more: Partial<Member> & { readonly tier?: string } = {}): Member {
  const { tier, ...rest } = more;
  const labels = new Map([['app', name], ...(tier === undefined ? [] : [['tier', tier] as const])]);
  const namespace = more.namespace ?? 'default';
  return { key: `${namespace}/${name}`, namespace, labels, addresses: [address as Address], local: true, ...rest };
}

export const server = member('server', '10.0.0.1');
export const client = member('client', '10.0.0.2');
export const other = member('other', '10.0.0.3', { local: false });
const hostAddress = '10.0.0.254' as Address;

/** One resolved state, asked as the kernel is: address, protocol, port. */
export class Scene {
  readonly resolver: PolicyResolver;
  readonly resolved: ResolvedPolicy;

  constructor(
    policies: readonly Policy[],
    members: readonly Member[] = [server, client, other],
    resolver?: PolicyResolver,
  ) {
    this.resolver = resolver ?? new PolicyResolver();
    this.resolved = this.resolver.resolve({ policies, members, hostAddresses: [hostAddress] });
  }

  identity(address: string): Identity {
    const found = this.resolved.identities.find(({ id }) => id === identityAt(this.resolved, address));
    assert.ok(found, `no identity for ${address}`);
    return found;
  }

  direction(direction: 'ingress' | 'egress', key = server.key): DirectionPolicy {
    const endpoint = this.resolved.endpoints.find((one) => one.endpoint === this.resolver.endpointId(key));
    assert.ok(endpoint, `no endpoint ${key}`);
    return endpoint[direction];
  }

  /** `ALLOW`, `DENY`, `AUDIT`, or the rules' places as `L7 http[0] …` (`L7? …` in audit mode). */
  ingress(peer: string, protocol: keyof typeof protocols, port: number, key?: string): string {
    return this.#verdict(this.direction('ingress', key), peer, protocol, port);
  }

  egress(peer: string, protocol: keyof typeof protocols, port: number, key?: string): string {
    return this.#verdict(this.direction('egress', key), peer, protocol, port);
  }

  #verdict(policy: DirectionPolicy, peer: string, protocol: keyof typeof protocols, port: number): string {
    return verdictAt(policy, identityAt(this.resolved, peer), protocols[protocol], port);
  }
}

/** Longest prefix, as the kernel's table does it. */
export function identityAt({ prefixes }: ResolvedPolicy, address: string): IdentityId {
  const length = address.includes(':') ? 128 : 32;
  const span = spanOf({ address: address as Address, length });
  const matching = prefixes.filter(({ prefix }) => isInside(span, spanOf(prefix)));
  const longest = matching.sort((a, b) => b.prefix.length - a.prefix.length)[0];
  assert.ok(longest, `no prefix for ${address}`);
  return longest.identity;
}

export function verdictAt(policy: DirectionPolicy, peer: IdentityId, protocol: number, port: number): string {
  const ranges = policy.peers.get(peer) ?? [];
  const hit = (range: PortRange) =>
    range.protocol !== 'any' && range.protocol === protocol && range.first <= port && range.last >= port;
  const range = ranges.find(hit) ?? ranges.find((one) => one.protocol === 'any');
  if (range) return verdictText(range.verdict);
  if (!policy.enforced) return 'ALLOW';
  return policy.audit ? 'AUDIT' : 'DENY';
}

function verdictText(verdict: PortVerdict): string {
  switch (verdict.verdict) {
    case 'allow':
      return 'ALLOW';
    case 'deny':
      return verdict.audit ? 'AUDIT' : 'DENY';
    case 'l7': {
      const { ruleSet } = verdict;
      const rules = ruleSet.kind === 'http' ? [...ruleSet.http, ...ruleSet.grpc] : ruleSet.kafka;
      const places = rules.map(({ ref }) => ref.rule.slice(ref.rule.lastIndexOf('.') + 1));
      return [ruleSet.audit ? 'L7?' : 'L7', ...places].join(' ');
    }
  }
}
