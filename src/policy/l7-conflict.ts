/** Rules that ask for HTTP and for Kafka on one port. What arrives there cannot be told apart, so this is an error. */

import type { PolicyDiagnostic } from './diagnostic.ts';
import { peersKey } from './peers.ts';
import type { Policy, PolicyRule, PolicySpec, PortMatch } from './policy.ts';

interface Placed {
  readonly policy: Policy;
  readonly spec: PolicySpec;
  readonly rule: PolicyRule;
  readonly match: PortMatch;
}

/**
 * Finds those that can be told without the workloads: the same endpoints, and peers that are the same or everybody.
 * Where only a workload's labels bring two such rules together, the resolver denies the port and reports it.
 */
export function l7Conflicts(policies: readonly Policy[]): PolicyDiagnostic[] {
  const placed = policies.flatMap((policy) =>
    policy.specs.flatMap((spec) =>
      spec.rules.flatMap((rule) => rule.ports.map((match) => ({ policy, spec, rule, match }))),
    ),
  );
  const http = placed.filter(({ match }) => match.l7?.kind === 'http');
  const found = new Map<string, PolicyDiagnostic>();
  for (const kafka of placed.filter(({ match }) => match.l7?.kind === 'kafka')) {
    const other = http.find((one) => meet(kafka, one));
    if (other) found.set(`${kafka.policy.file} ${kafka.match.ref.rule}`, conflictDiagnostic(kafka, other));
  }
  return [...found.values()];
}

function meet(a: Placed, b: Placed): boolean {
  if (a.rule.direction !== b.rule.direction || a.spec.subject.key !== b.spec.subject.key) return false;
  if (a.match.last < b.match.first || b.match.last < a.match.first) return false;
  const keys = [peersKey(a.rule.peers), peersKey(b.rule.peers)];
  return keys[0] === keys[1] || keys.includes('any') || keys.includes('entities all');
}

function conflictDiagnostic({ policy, match }: Placed, other: Placed): PolicyDiagnostic {
  const { ref } = other.match;
  const position = policy.positions.get(match.ref.rule) ?? policy.position;
  const message =
    `kafka rules here and http rules in ${ref.policy} ${ref.rule} (${ref.file}:${ref.line}) are for the same peer and ` +
    'port, which cannot speak both; give one of them another port or peer';
  return { file: policy.file, ...position, severity: 'error', message };
}
