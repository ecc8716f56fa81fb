/** The folded ranges against a plain evaluation of every rule, for random policies. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Direction } from '../../../src/identity/identity.ts';
import { isPeer } from '../../../src/policy/peers.ts';
import type { Policy, PolicyRule, PolicySpec, PortMatch } from '../../../src/policy/policy.ts';
import { selects } from '../../../src/policy/selector.ts';
import { identityAt, member, parsed, policyText, Scene, verdictAt } from './scene.ts';

const server = member('server', '10.0.0.1', { tier: 'back' });
const members = [
  server,
  member('client', '10.0.0.2', { tier: 'front' }),
  member('other', '10.0.0.3', { local: false }),
];
const addresses = [
  '10.0.0.1',
  '10.0.0.2',
  '10.0.0.3',
  '10.0.0.254',
  '192.0.2.1',
  '192.0.2.65',
  '203.0.113.1',
  'fd00::1',
];

const subjects = ['{app: server}', '{tier: back}', '{}'];
const peers = [
  '',
  'Endpoints: [{}]',
  'Endpoints: [{matchLabels: {app: client}}]',
  'Endpoints: [{matchExpressions: [{key: tier, operator: NotIn, values: [front]}]}]',
  'Endpoints: []',
  'Entities: [all]',
  'Entities: [cluster]',
  'Entities: [world]',
  'Entities: [host, world-ipv6]',
  'CIDR: [192.0.2.0/24]',
  'CIDRSet: [{cidr: 192.0.0.0/16, except: [192.0.2.64/26]}]',
];
// Few ports and overlapping ranges, so that rules meet.
const portRange = fc
  .tuple(fc.integer({ min: 0, max: 6 }), fc.integer({ min: 0, max: 3 }), fc.constantFrom('TCP', 'UDP', 'ANY'))
  .map(([port, more, protocol]) =>
    port === 0 ? { port: 0, endPort: 0, protocol } : { port, endPort: port + more, protocol },
  );
const ports = fc.oneof(
  fc.constant(''),
  fc.array(portRange, { minLength: 1, maxLength: 3 }).map((list) => `toPorts: [{ports: ${JSON.stringify(list)}}]`),
  fc.constant('icmps: [{fields: [{type: 8}]}]'),
);
const l7 = fc
  .tuple(fc.integer({ min: 1, max: 6 }), fc.integer({ min: 0, max: 3 }), fc.constantFrom('/a', '/b'))
  .map(([port, more, path]) => {
    const range = JSON.stringify({ port, endPort: port + more, protocol: 'TCP' });
    return `toPorts: [{ports: [${range}], rules: {http: [{path: ${path}}]}}]`;
  });

function rules(name: string, places: fc.Arbitrary<string>): fc.Arbitrary<string> {
  const side = name.startsWith('ingress') ? 'from' : 'to';
  const rule = fc.tuple(fc.constantFrom(...peers), places).map(([peer, place]) => {
    const parts = [peer === '' ? '' : side + peer, place].filter((part) => part !== '');
    return parts.length === 0 ? `{${side}Entities: [all]}` : `{${parts.join(', ')}}`;
  });
  return fc.array(rule, { minLength: 1, maxLength: 3 }).map((list) => `${name}: [${list.join(', ')}]`);
}

const policy = fc.record({
  subject: fc.constantFrom(...subjects),
  audit: fc.boolean(),
  standing: fc.constantFrom('', '', 'enableDefaultDeny: {ingress: false}', 'enableDefaultDeny: {egress: true}'),
  sections: fc
    .tuple(
      fc.option(rules('ingress', fc.oneof(ports, l7))),
      fc.option(rules('ingressDeny', ports)),
      fc.option(rules('egress', fc.oneof(ports, l7))),
    )
    .filter((sections) => sections.some((section) => section !== null)),
});

test('the verdict for every peer, protocol and port is that of the rules one by one', () => {
  let probes = 0;
  const seen = new Set<string>();
  fc.assert(
    fc.property(fc.array(policy, { minLength: 1, maxLength: 4 }), (drawn) => {
      const policies = parsed(
        ...drawn.map(({ subject, audit, standing, sections }, i) =>
          policyText([standing, ...sections].filter((line) => line !== null && line !== '').join('\n'), {
            name: `p${i}`,
            subject,
            ...(audit && { annotation: 'sluice.io/enforcement: audit' }),
          }),
        ),
      );
      const scene = new Scene(policies, members);
      for (const direction of ['ingress', 'egress'] as const) {
        const resolved = scene.direction(direction);
        for (const address of addresses) {
          for (const protocol of [1, 6, 17, 47]) {
            for (const port of [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 65535]) {
              const peer = scene.identity(address);
              const folded = verdictAt(resolved, identityAt(scene.resolved, address), protocol, port);
              const plain = evaluate(policies, direction, (rule) => isPeer(rule.peers, peer), protocol, port);
              assert.equal(folded, plain, `${direction} ${address} ${protocol}/${port}`);
              seen.add(plain.split(' ')[0] ?? '');
              probes++;
            }
          }
        }
        for (const ranges of resolved.peers.values()) {
          const specific = ranges.flatMap((range) => (range.protocol === 'any' ? [] : [range]));
          assert.ok(ranges.length - specific.length <= 1, 'at most one any');
          for (const [i, range] of specific.entries()) {
            const before = specific[i - 1];
            assert.ok(range.first <= range.last);
            if (before?.protocol === range.protocol) assert.ok(before.last < range.first, 'sorted and disjoint');
            else assert.ok(!before || before.protocol < range.protocol, 'sorted by protocol');
          }
        }
      }
    }),
    { numRuns: 60 },
  );
  assert.ok(probes > 10_000);
  assert.deepEqual([...seen].sort(), ['ALLOW', 'AUDIT', 'DENY', 'L7', 'L7?'], 'every kind of verdict was drawn');
});

/** Enforced policies decide; what all together would deny of the rest is AUDIT. */
function evaluate(
  policies: readonly Policy[],
  direction: Direction,
  isFor: (rule: PolicyRule) => boolean,
  protocol: number,
  port: number,
): string {
  const specs = policies.flatMap(({ audit, specs: all }) =>
    all.filter(({ subject }) => selects(subject, server)).map((spec) => ({ audit, spec })),
  );
  const enforced = specs.filter(({ audit }) => !audit).map(({ spec }) => spec);
  const verdict = judge(enforced, direction, isFor, protocol, port);
  if (verdict !== 'ALLOW') return verdict;
  const together = judge(
    specs.map(({ spec }) => spec),
    direction,
    isFor,
    protocol,
    port,
  );
  return together === 'DENY' ? 'AUDIT' : together.replace('L7', 'L7?');
}

function judge(
  specs: readonly PolicySpec[],
  direction: Direction,
  isFor: (rule: PolicyRule) => boolean,
  protocol: number,
  port: number,
): string {
  const matching = (effect: 'allow' | 'deny'): PortMatch[] =>
    specs
      .flatMap(({ rules: all }) => all.filter((rule) => rule.direction === direction && rule.effect === effect))
      .filter(isFor)
      .flatMap((rule) => rule.ports)
      .filter((one) => one.protocol === 'any' || (one.protocol === protocol && one.first <= port && port <= one.last));
  if (matching('deny').length > 0) return 'DENY';
  const allows = matching('allow');
  if (allows.some((one) => !one.l7)) return 'ALLOW';
  if (!specs.some((spec) => spec.defaultDeny[direction])) return 'ALLOW';
  if (allows.length === 0) return 'DENY';
  const lists = [...new Set(allows.flatMap((one) => one.l7 ?? []))];
  return ['L7', ...lists.flatMap((list) => (list.kind === 'http' ? list.http.map(() => 'http[0]') : []))].join(' ');
}
