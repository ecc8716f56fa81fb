/** From policies and workloads to what both enforcers enforce. */

import { Allocation } from '../identity/allocation.ts';
import type { Address, Direction, EndpointId, IdentityId } from '../identity/identity.ts';
import type { PolicyDiagnostic } from './diagnostic.ts';
import { type Contribution, fold, type Standing } from './fold.ts';
import { IdentityNumbers, identitiesOf, type Member, prefixTable } from './identities.ts';
import { PeerIndex } from './peers.ts';
import { type Policy, type PolicyRule, type PolicySpec, type PortMatch, policyKey } from './policy.ts';
import type { DirectionPolicy, EndpointPolicy, L7RuleSet, PortRange, ResolvedPolicy } from './resolved.ts';
import { RuleSets } from './rule-sets.ts';
import { type Labelled, selects } from './selector.ts';

export type { Member } from './identities.ts';

export interface ResolverInput {
  readonly policies: readonly Policy[];
  readonly members: readonly Member[];
  readonly hostAddresses: readonly Address[];
}

/** Numbers stay what they are from call to call: of identities, endpoints, and rule sets. */
export class PolicyResolver {
  readonly #numbers = new IdentityNumbers();
  readonly #endpoints = new Allocation<EndpointId>(1, 2 ** 32 - 1);
  readonly #ruleSets = new RuleSets();
  #revision = 0;
  #conflicts: readonly PolicyDiagnostic[] = [];

  /** @param key `namespace/name` of the workload. */
  endpointId(key: string): EndpointId {
    return this.#endpoints.of(key);
  }

  /** Of the last `resolve`: rules of different L7 protocols that met on one peer and port, which is denied. */
  get conflicts(): readonly PolicyDiagnostic[] {
    return this.#conflicts;
  }

  resolve({ policies, members, hostAddresses }: ResolverInput): ResolvedPolicy {
    const identities = identitiesOf(policies, members, this.#numbers);
    const all = [...identities.values()];
    const resolution = new Resolution(policies, new PeerIndex(all), this.#ruleSets);
    const endpoints = members
      .filter(({ local }) => local)
      .map((member) => ({ endpoint: this.endpointId(member.key), ...resolution.policyOf(member) }));
    this.#conflicts = resolution.conflicts;
    this.#revision++;
    return {
      revision: this.#revision,
      identities: all,
      prefixes: prefixTable(identities, members, hostAddresses, this.#numbers),
      endpoints,
    };
  }
}

type Directions = Pick<EndpointPolicy, Direction>;

interface AppliedSpec {
  readonly policy: Policy;
  readonly spec: PolicySpec;
}

/** One call of `resolve`, and everything that is found out only once in it. */
class Resolution {
  readonly #specs: readonly AppliedSpec[];
  readonly #peers: PeerIndex;
  readonly #ruleSets: RuleSets;
  /** By the specs that select an endpoint: endpoints that the same ones select share one policy. */
  readonly #policies = new Map<string, Directions>();
  readonly #identities = new Map<PolicyRule, readonly IdentityId[]>();
  /** Place of each match among all, for an order that does not depend on the way it was reached. */
  readonly #ordinals = new Map<PortMatch, number>();
  readonly #merged = new Map<string, L7RuleSet | undefined>();
  readonly conflicts: PolicyDiagnostic[] = [];

  constructor(policies: readonly Policy[], peers: PeerIndex, ruleSets: RuleSets) {
    this.#specs = policies.flatMap((policy) => policy.specs.map((spec) => ({ policy, spec })));
    this.#peers = peers;
    this.#ruleSets = ruleSets;
    for (const { spec } of this.#specs) {
      for (const { ports } of spec.rules) for (const match of ports) this.#ordinals.set(match, this.#ordinals.size);
    }
  }

  policyOf(subject: Labelled): Directions {
    const applied = [...this.#specs.keys()].filter((i) => {
      const spec = this.#specs[i]?.spec;
      return spec !== undefined && selects(spec.subject, subject);
    });
    const key = applied.join();
    const known = this.#policies.get(key);
    if (known) return known;
    const specs = applied.flatMap((i) => this.#specs[i] ?? []);
    const policy = { ingress: this.#direction(specs, 'ingress'), egress: this.#direction(specs, 'egress') };
    this.#policies.set(key, policy);
    return policy;
  }

  #direction(specs: readonly AppliedSpec[], direction: Direction): DirectionPolicy {
    const denying = specs.filter(({ spec }) => spec.defaultDeny[direction]);
    const standing: Standing = {
      enforced: denying.some(({ policy }) => !policy.audit),
      audited: denying.some(({ policy }) => policy.audit),
    };
    const byPeer = new Map<IdentityId, Contribution[]>();
    for (const { policy, spec } of specs) {
      for (const rule of spec.rules) {
        if (rule.direction !== direction || rule.ports.length === 0) continue;
        const contributions = rule.ports.map((match) => ({ effect: rule.effect, audit: policy.audit, match }));
        for (const id of this.#identitiesOf(rule)) {
          const list = byPeer.get(id);
          if (list) for (const one of contributions) list.push(one);
          else byPeer.set(id, [...contributions]);
        }
      }
    }
    return {
      enforced: standing.enforced || standing.audited,
      audit: standing.audited && !standing.enforced,
      peers: this.#fold(byPeer, standing),
    };
  }

  /** Peers that the same rules name share their ranges. */
  #fold(
    byPeer: ReadonlyMap<IdentityId, readonly Contribution[]>,
    standing: Standing,
  ): ReadonlyMap<IdentityId, readonly PortRange[]> {
    const folded = new Map<string, readonly PortRange[]>();
    const peers = new Map<IdentityId, readonly PortRange[]>();
    for (const [id, contributions] of byPeer) {
      const key = contributions.map(({ match }) => this.#ordinals.get(match)).join();
      const known = folded.get(key);
      const ranges = known ?? fold(contributions, standing, (matches, audit) => this.#merge(matches, audit));
      if (!known) folded.set(key, ranges);
      if (ranges.length > 0) peers.set(id, ranges);
    }
    return peers;
  }

  #identitiesOf(rule: PolicyRule): readonly IdentityId[] {
    const known = this.#identities.get(rule);
    if (known) return known;
    const found = this.#peers.identitiesOf(rule.peers);
    this.#identities.set(rule, found);
    return found;
  }

  #merge(matches: readonly PortMatch[], audit: boolean): L7RuleSet | undefined {
    const sorted = matches.toSorted((a, b) => (this.#ordinals.get(a) ?? 0) - (this.#ordinals.get(b) ?? 0));
    const key = `${audit} ${sorted.map((match) => this.#ordinals.get(match)).join()}`;
    if (this.#merged.has(key)) return this.#merged.get(key);
    // One list of rules may reach a port through two of its ranges.
    const rules = [...new Set(sorted.flatMap(({ l7 }) => l7 ?? []))];
    const ruleSet = this.#ruleSets.merge(rules, audit);
    if (!ruleSet) this.#reportConflict(sorted);
    this.#merged.set(key, ruleSet);
    return ruleSet;
  }

  #reportConflict(matches: readonly PortMatch[]): void {
    const kafka = matches.find(({ l7 }) => l7?.kind === 'kafka')?.ref;
    const http = matches.find(({ l7 }) => l7?.kind === 'http')?.ref;
    if (!kafka || !http) return;
    const policy = this.#specs.find(
      ({ policy: one }) => one.file === kafka.file && policyKey(one) === kafka.policy,
    )?.policy;
    const position = policy?.positions.get(kafka.rule) ?? { line: kafka.line, column: 1 };
    const message =
      `kafka rules here and http rules in ${http.policy} ${http.rule} (${http.file}:${http.line}) meet on one peer and ` +
      'port, which is denied because it cannot speak both; give one of them another port or peer';
    this.conflicts.push({ file: kafka.file, ...position, severity: 'error', message });
  }
}
