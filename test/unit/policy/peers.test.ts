/** Who a rule is for and about: namespaces, labels, entities, prefixes; and the numbers they get. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Address, reserved } from '../../../src/identity/identity.ts';
import { PolicyResolver } from '../../../src/policy/resolve.ts';
import { client, identityAt, member, other, parsed, policyText, Scene, server } from './scene.ts';

const prod = { namespace: 'prod' };
const members = [
  server,
  client,
  other,
  member('server', '10.0.1.1', prod),
  member('client', '10.0.1.2', { ...prod, tier: 'front' }),
];

function ingressFrom(selector: string): Scene {
  return new Scene(parsed(policyText(`ingress: [{fromEndpoints: [${selector}]}]`)), members);
}

/** Which of default/client, default/other, prod/client may reach default/server. */
function reach(scene: Scene): boolean[] {
  return ['10.0.0.2', '10.0.0.3', '10.0.1.2'].map((address) => scene.ingress(address, 'tcp', 80) === 'ALLOW');
}

test("peers are of the policy's own namespace unless the selector names one", () => {
  const cases: [selector: string, reached: [boolean, boolean, boolean]][] = [
    ['{}', [true, true, false]],
    ['{matchLabels: {app: client}}', [true, false, false]],
    ['{matchLabels: {"k8s:app": client}}', [true, false, false]],
    ['{matchLabels: {"any:app": client}}', [true, false, false]],
    ['{matchLabels: {app: client, io.kubernetes.pod.namespace: prod}}', [false, false, true]],
    ['{matchLabels: {"k8s:io.kubernetes.pod.namespace": prod}}', [false, false, true]],
    ['{matchExpressions: [{key: "k8s:io.kubernetes.pod.namespace", operator: Exists}]}', [true, true, true]],
    ['{matchExpressions: [{key: app, operator: In, values: [client, other]}]}', [true, true, false]],
    ['{matchExpressions: [{key: app, operator: NotIn, values: [client]}]}', [false, true, false]],
    ['{matchExpressions: [{key: tier, operator: NotIn, values: [front]}]}', [true, true, false]],
    ['{matchExpressions: [{key: tier, operator: Exists}]}', [false, false, false]],
    ['{matchExpressions: [{key: tier, operator: DoesNotExist}]}', [true, true, false]],
    ['{matchLabels: {app: client}}, {matchLabels: {app: other}}', [true, true, false]],
    [
      '{matchLabels: {app: client}, matchExpressions: [{key: app, operator: In, values: [other]}]}',
      [false, false, false],
    ],
  ];
  for (const [selector, reached] of cases) assert.deepEqual(reach(ingressFrom(selector)), reached, selector);
});

test('a policy selects endpoints of its own namespace only (CVE-2023-41333)', () => {
  const closed = (scene: Scene) =>
    ['default/server', 'prod/server'].map((key) => scene.direction('ingress', key).enforced);
  assert.deepEqual(closed(new Scene(parsed(policyText('ingress: [{}]')), members)), [true, false]);
  const exists = '{matchExpressions: [{key: io.kubernetes.pod.namespace, operator: Exists}]}';
  const crafted = policyText('ingress: [{}]').replace('{matchLabels: {app: server}}', exists);
  assert.deepEqual(closed(new Scene(parsed(crafted), members)), [true, false]);
});

test('a label cannot claim another namespace', () => {
  const labels = new Map([['io.kubernetes.pod.namespace', 'prod']]);
  const liar = { ...member('liar', '10.0.0.9'), labels };
  const scene = new Scene(
    parsed(policyText('ingress: [{fromEndpoints: [{matchLabels: {io.kubernetes.pod.namespace: prod}}]}]')),
    [...members, liar],
  );
  assert.equal(scene.ingress('10.0.0.9', 'tcp', 80), 'DENY');
});

test('a cluster-wide policy is for every namespace, and its peers are too', () => {
  const text = policyText('ingress: [{fromEndpoints: [{matchLabels: {app: client}}]}]').replace(
    'CiliumNetworkPolicy',
    'CiliumClusterwideNetworkPolicy',
  );
  const scene = new Scene(parsed(text), members);
  for (const key of ['default/server', 'prod/server']) {
    assert.equal(scene.ingress('10.0.0.2', 'tcp', 80, key), 'ALLOW');
    assert.equal(scene.ingress('10.0.1.2', 'tcp', 80, key), 'ALLOW');
    assert.equal(scene.ingress('10.0.0.3', 'tcp', 80, key), 'DENY');
  }
  assert.equal(scene.direction('ingress').peers.values().next().value?.[0]?.verdict.ref.policy, 'p');
});

test('entities', () => {
  const cidr = policyText('ingress: [{fromCIDR: [198.51.100.0/24]}]', {
    name: 'names-a-prefix',
    subject: '{app: client}',
  });
  const peers = ['10.0.0.2', '10.0.0.254', '192.0.2.1', '198.51.100.1', '2001:db8::1'];
  const cases: [entity: string, reached: boolean[]][] = [
    ['all', [true, true, true, true, true]],
    ['cluster', [true, true, false, false, false]],
    ['host', [false, true, false, false, false]],
    ['world', [false, false, true, true, true]],
    ['world-ipv4', [false, false, true, true, false]],
    ['world-ipv6', [false, false, false, false, true]],
    ['host, world', [false, true, true, true, true]],
  ];
  for (const [entity, reached] of cases) {
    const scene = new Scene(parsed(policyText(`ingress: [{fromEntities: [${entity}]}]`), cidr));
    const seen = peers.map((peer) => scene.ingress(peer, 'tcp', 80) === 'ALLOW');
    assert.deepEqual(seen, reached, entity);
  }
});

test('prefixes mean addresses outside: never a workload or the host, and not their exceptions', () => {
  const scene = new Scene(
    parsed(
      policyText(`
egress:
  - toCIDR: [10.0.0.0/8, 10.0.0.2/32]
  - toCIDRSet: [{cidr: 192.0.2.0/24, except: [192.0.2.64/26, 192.0.2.1/32]}]
  - toCIDR: [192.0.2.70/32, "2001:DB8::/32"]`),
    ),
  );
  const verdicts: [string, string][] = [
    ['10.0.0.2', 'DENY'],
    ['10.0.0.254', 'DENY'],
    ['10.200.0.1', 'ALLOW'],
    ['192.0.2.2', 'ALLOW'],
    ['192.0.2.1', 'DENY'],
    ['192.0.2.65', 'DENY'],
    ['192.0.2.70', 'ALLOW'],
    ['2001:db8::5', 'ALLOW'],
    ['2001:db9::5', 'DENY'],
    ['203.0.113.1', 'DENY'],
  ];
  for (const [address, verdict] of verdicts) assert.equal(scene.egress(address, 'tcp', 443), verdict, address);
  assert.equal(scene.identity('10.0.0.2').kind, 'workload');
  assert.equal(identityAt(scene.resolved, '203.0.113.1'), reserved.world);
});

test('overlapping prefixes with exceptions: every address has the verdict of plain arithmetic', () => {
  const octet = fc.integer({ min: 0, max: 255 });
  const inside = fc.record({ start: octet, bits: fc.integer({ min: 0, max: 8 }) });
  const cidr = fc.record({ whole: inside, holes: fc.array(inside, { maxLength: 2 }) });
  const first = (start: number, bits: number) => start & (0xff << (8 - bits)) & 0xff;
  const has = ({ start, bits }: { start: number; bits: number }, address: number) =>
    first(start, bits) === first(address, bits);
  fc.assert(
    fc.property(fc.array(cidr, { minLength: 1, maxLength: 6 }), (cidrs) => {
      const kept = cidrs.map(({ whole, holes }) => ({
        whole,
        holes: holes.filter((hole) => hole.bits >= whole.bits && has(whole, hole.start)),
      }));
      const text = ({ start, bits }: { start: number; bits: number }) =>
        `198.51.100.${first(start, bits)}/${24 + bits}`;
      const rules = kept.map(
        ({ whole, holes }) => `  - toCIDRSet: [{cidr: ${text(whole)}, except: [${holes.map(text).join(', ')}]}]`,
      );
      const scene = new Scene(parsed(policyText(`egress:\n${rules.join('\n')}`)));
      for (let address = 0; address < 256; address += 3) {
        const allowed = kept.some(
          ({ whole, holes }) => has(whole, address) && !holes.some((hole) => has(hole, address)),
        );
        const verdict = scene.egress(`198.51.100.${address}`, 'tcp', 1);
        assert.equal(verdict, allowed ? 'ALLOW' : 'DENY', `198.51.100.${address}`);
      }
    }),
    { numRuns: 60 },
  );
});

test('workloads with the same labels in one namespace share an identity; others do not', () => {
  const twin = { ...member('client', '10.0.0.7'), key: 'default/client-2' };
  const scene = new Scene([], [...members, twin]);
  assert.equal(identityAt(scene.resolved, '10.0.0.7'), identityAt(scene.resolved, '10.0.0.2'));
  assert.notEqual(identityAt(scene.resolved, '10.0.1.1'), identityAt(scene.resolved, '10.0.0.1'));
  const reversed = {
    ...member('x', '10.0.0.8'),
    labels: new Map([
      ['b', '1'],
      ['a', '2'],
    ]),
  };
  const sorted = {
    ...member('y', '10.0.0.9'),
    labels: new Map([
      ['a', '2'],
      ['b', '1'],
    ]),
  };
  const both = new Scene([], [reversed, sorted]);
  assert.equal(identityAt(both.resolved, '10.0.0.8'), identityAt(both.resolved, '10.0.0.9'));
});

test('numbers stay, are never given again, and the revision grows by one', () => {
  const resolver = new PolicyResolver();
  const l7 = (path: string) =>
    parsed(
      policyText(
        `ingress: [{toPorts: [{ports: [{port: 80, protocol: TCP}], rules: {http: [{path: ${path}}]}}]}, {fromCIDR: [192.0.2.0/24]}]`,
      ),
    );
  const numbersOf = (scene: Scene) => ({
    client: identityAt(scene.resolved, '10.0.0.2'),
    cidr: identityAt(scene.resolved, '192.0.2.1'),
    endpoint: resolver.endpointId('default/server'),
    ruleSet: scene
      .direction('ingress')
      .peers.get(reserved.world)
      ?.flatMap(({ verdict }) => {
        return verdict.verdict === 'l7' ? [verdict.ruleSet.id, verdict.ruleSet.key] : [];
      }),
  });
  const before = new Scene(l7('/a'), members, resolver);
  const without = new Scene([], [other], resolver);
  const changed = new Scene(l7('/b'), [member('new', '10.0.0.2'), ...members.toSpliced(1, 1)], resolver);
  const again = new Scene(l7('/a'), members, resolver);
  assert.deepEqual(numbersOf(again), numbersOf(before));
  assert.equal(numbersOf(before).ruleSet?.length, 2);
  assert.notEqual(numbersOf(changed).client, numbersOf(before).client);
  assert.notEqual(numbersOf(changed).ruleSet?.[0], numbersOf(before).ruleSet?.[0]);
  const revisions = [before, without, changed, again].map(({ resolved }) => resolved.revision);
  assert.deepEqual(revisions, [1, 2, 3, 4]);
  assert.equal(new Set(again.resolved.identities.map(({ id }) => id)).size, again.resolved.identities.length);
});

test('only workloads of this node are endpoints', () => {
  const scene = new Scene([], members);
  assert.deepEqual(
    scene.resolved.endpoints.map(({ endpoint }) => endpoint),
    members.filter(({ local }) => local).map(({ key }) => scene.resolver.endpointId(key)),
  );
});

test("an address that two claim is the host's first, then that of the workload found on this node", () => {
  const host = '10.0.0.254' as Address;
  const claims = [member('near', '10.0.0.5'), member('far', '10.0.0.5', { local: false }), member('thief', host)];
  for (const order of [claims, claims.toReversed()]) {
    const scene = new Scene([], order);
    const owner = scene.identity('10.0.0.5');
    assert.equal(owner.kind === 'workload' && owner.labels.get('app'), 'near');
    assert.equal(identityAt(scene.resolved, host), reserved.host);
  }
});

test('what is resolved survives postMessage', () => {
  const scene = new Scene(parsed(policyText('ingress: [{fromEntities: [all]}, {fromCIDR: [192.0.2.0/24]}]')), members);
  assert.deepEqual(structuredClone(scene.resolved), scene.resolved);
});
