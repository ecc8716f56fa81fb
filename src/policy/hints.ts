/** What is allowed in a policy and yet hardly meant. Hints change nothing that is enforced. */

import { coversPeers, coversPorts, coversSelector } from './cover.ts';
import type { PolicyDiagnostic } from './diagnostic.ts';
import { judgeHints } from './judge-hints.ts';
import { patternHints } from './pattern-hints.ts';
import type { Policy, PolicyRule, PolicySpec, PortMatch } from './policy.ts';
import type { HttpRule, RuleRef } from './resolved.ts';

interface Placed {
  readonly policy: Policy;
  readonly spec: PolicySpec;
  readonly rule: PolicyRule;
  readonly match: PortMatch;
}

/** In the order of their places. */
export function policyHints(policies: readonly Policy[]): PolicyDiagnostic[] {
  const placed = policies.flatMap((policy) =>
    policy.specs.flatMap((spec) =>
      spec.rules.flatMap((rule) => rule.ports.map((match) => ({ policy, spec, rule, match }))),
    ),
  );
  const order = new Map(policies.map(({ file }, i) => [file, i]));
  return [...httpHints(placed), ...shadowHints(placed), ...kernelHints(placed)].sort(
    (a, b) => (order.get(a.file) ?? 0) - (order.get(b.file) ?? 0) || a.line - b.line || a.column - b.column,
  );
}

function httpHints(placed: readonly Placed[]): PolicyDiagnostic[] {
  const policies = new Map<HttpRule, Policy>();
  for (const { policy, match } of placed) {
    for (const rule of match.l7?.kind === 'http' ? match.l7.http : []) policies.set(rule, policy);
  }
  return [...policies].flatMap(([rule, policy]) =>
    (['method', 'path', 'host'] as const).flatMap((field) => {
      const pattern = rule[field];
      if (pattern === undefined) return [];
      const sentences = patternHints(field, pattern);
      return sentences.map((sentence) => hint(policy, `${rule.ref.rule}.${field}`, `${field}: ${sentence}`));
    }),
  );
}

function kernelHints(placed: readonly Placed[]): PolicyDiagnostic[] {
  const byPolicy = Map.groupBy(placed, ({ policy }) => policy);
  return [...byPolicy].flatMap(([policy, places]) =>
    judgeHints(places.map(({ match }) => match)).map(({ rule, message }) => hint(policy, rule.rule, message)),
  );
}

/** L7 rules that a plain allow nullifies, and allows that a deny hides; one hint a list of ports. */
function shadowHints(placed: readonly Placed[]): PolicyDiagnostic[] {
  const plain = placed.filter(({ rule, match }) => rule.effect === 'allow' && !match.l7);
  const denies = placed.filter(({ rule }) => rule.effect === 'deny');
  const found = new Map<RuleRef, PolicyDiagnostic>();
  for (const one of placed) {
    const { policy, rule, match } = one;
    if (rule.effect === 'deny' || found.has(match.ref)) continue;
    const deny = denies.find((other) => coversPorts(other.match, match) && reaches(other, one));
    const allow = match.l7 && plain.find((other) => overlap(other.match, match) && reaches(other, one));
    if (deny) {
      const message = `has no effect on ${portsOf(match)}: ${place(deny.match.ref)} denies it to the same peers`;
      found.set(match.ref, hint(policy, match.ref.rule, message));
    } else if (allow) {
      const message =
        `the Layer-7 rules have no effect: ${place(allow.match.ref)} allows the same peers ` +
        `${portsOf(allow.match)} without any; remove one of them`;
      found.set(match.ref, hint(policy, match.ref.rule, message));
    }
  }
  return [...found.values()];
}

function overlap(a: PortMatch, b: PortMatch): boolean {
  return a.protocol === 'any' || (a.protocol === b.protocol && a.first <= b.last && b.first <= a.last);
}

function portsOf({ protocol, first, last }: PortMatch): string {
  if (protocol === 'any') return 'every port';
  if (protocol === 1 || protocol === 58) return `ICMP type ${first}`;
  const name = { 6: 'TCP', 17: 'UDP' }[protocol] ?? 'SCTP';
  return first === last ? `${name} port ${first}` : `${name} ports ${first} to ${last}`;
}

function reaches(wide: Placed, narrow: Placed): boolean {
  return (
    wide.rule.direction === narrow.rule.direction &&
    // One in audit mode takes nothing away from one that is enforced.
    (!wide.policy.audit || narrow.policy.audit) &&
    coversSelector(wide.spec.subject, narrow.spec.subject) &&
    coversPeers(wide.rule.peers, narrow.rule.peers)
  );
}

function place({ policy, rule, file, line }: RuleRef): string {
  return `${policy} ${rule} (${file}:${line})`;
}

function hint(policy: Policy, path: string, message: string): PolicyDiagnostic {
  const position = policy.positions.get(path) ?? policy.position;
  return { file: policy.file, ...position, severity: 'hint', message };
}
