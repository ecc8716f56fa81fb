/** Deny, default deny, and how rules of different kinds meet: Cilium's documented semantics and the faults it had there. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { client, member, other, parsed, policyText, Scene, server } from './scene.ts';

const c = '10.0.0.2';

const allowAll = policyText(
  `
ingress:
  - fromEndpoints: [{matchLabels: {app: client}}]
    toPorts:
      - ports: [{port: "80", protocol: TCP}]
        rules: {http: [{}]}
  - toPorts: [{ports: [{port: "80", protocol: TCP}]}]
  - toPorts: [{ports: [{port: "81", protocol: TCP}]}]
  - fromEndpoints: [{matchLabels: {app: client}}]`,
  { name: 'allow' },
);
const denyPort = policyText('ingressDeny: [{toPorts: [{ports: [{port: "80", protocol: TCP}]}]}]', { name: 'deny-80' });
const denyClient = policyText('ingressDeny: [{fromEndpoints: [{matchLabels: {app: client}}]}]', {
  name: 'deny-client',
});

test("Cilium's truth table for deny (deny.rst): five deployments, three probes each", () => {
  const columns: [deployed: string[], tcp81: string, tcp80: string, ping: string][] = [
    [[allowAll], 'ALLOW', 'ALLOW', 'ALLOW'],
    [[allowAll, denyPort], 'ALLOW', 'DENY', 'ALLOW'],
    [[allowAll, denyClient], 'DENY', 'DENY', 'DENY'],
    [[allowAll, denyPort, denyClient], 'DENY', 'DENY', 'DENY'],
    [[denyPort], 'DENY', 'DENY', 'DENY'],
  ];
  for (const [i, [deployed, tcp81, tcp80, ping]] of columns.entries()) {
    for (const order of [deployed, deployed.toReversed()]) {
      const scene = new Scene(parsed(...order));
      const seen = [scene.ingress(c, 'tcp', 81), scene.ingress(c, 'tcp', 80), scene.ingress(c, 'icmp', 8)];
      assert.deepEqual(seen, [tcp81, tcp80, ping], `column ${i + 1}`);
    }
  }
});

test('without a policy everything is open; one direction does not close the other', () => {
  const open = new Scene([]);
  assert.equal(open.ingress(c, 'tcp', 80), 'ALLOW');
  assert.equal(open.direction('ingress').enforced, false);
  const scene = new Scene(parsed(policyText('ingress: [{}]')));
  assert.equal(scene.ingress(c, 'tcp', 80), 'DENY');
  assert.equal(scene.egress(c, 'tcp', 80), 'ALLOW');
  assert.equal(scene.ingress('10.0.0.1', 'tcp', 80, client.key), 'ALLOW', 'the client is not selected');
});

test('an empty rule allows nothing and closes the direction', () => {
  const scene = new Scene(parsed(policyText('egress: [{}]')));
  for (const peer of [c, '10.0.0.254', '192.0.2.1', '2001:db8::1'])
    assert.equal(scene.egress(peer, 'tcp', 443), 'DENY');
  assert.equal(scene.ingress(c, 'tcp', 80), 'ALLOW');
});

test('a rule without peers means everyone, a rule without ports every protocol', () => {
  const ports = new Scene(parsed(policyText('ingress: [{toPorts: [{ports: [{port: 80, protocol: TCP}]}]}]')));
  for (const peer of [c, '10.0.0.254', '192.0.2.1', '2001:db8::1']) {
    assert.equal(ports.ingress(peer, 'tcp', 80), 'ALLOW');
    assert.equal(ports.ingress(peer, 'udp', 80), 'DENY');
    assert.equal(ports.ingress(peer, 'tcp', 81), 'DENY');
  }
  const peers = new Scene(parsed(policyText('ingress: [{fromEndpoints: [{}]}]')));
  for (const protocol of ['tcp', 'udp', 'icmp', 'sctp'] as const) {
    assert.equal(peers.ingress(c, protocol, 8), 'ALLOW');
    assert.equal(peers.ingress('192.0.2.1', protocol, 8), 'DENY');
    assert.equal(peers.ingress('10.0.0.254', protocol, 8), 'DENY', 'the host is no endpoint');
  }
});

test('an empty list of peers is nobody, not everybody (CVE-2025-64715)', () => {
  for (const list of ['fromEndpoints', 'fromCIDR', 'fromCIDRSet', 'fromEntities']) {
    for (const ports of ['', ', toPorts: [{ports: [{port: 80}]}]']) {
      const scene = new Scene(parsed(policyText(`ingress: [{${list}: []${ports}}]`)));
      for (const peer of [c, '10.0.0.254', '192.0.2.1']) assert.equal(scene.ingress(peer, 'tcp', 80), 'DENY', list);
    }
  }
});

test('port 0, ANY, endPort and ICMP types', () => {
  const scene = new Scene(
    parsed(
      policyText(`
ingress:
  - fromEndpoints: [{matchLabels: {app: client}}]
    toPorts: [{ports: [{port: "0", protocol: UDP}, {port: "5000", endPort: 5002}]}]
  - fromEndpoints: [{matchLabels: {app: client}}]
    icmps: [{fields: [{type: 8}, {family: IPv6, type: EchoRequest}]}]`),
    ),
  );
  assert.deepEqual(
    [
      scene.ingress(c, 'udp', 0),
      scene.ingress(c, 'udp', 65535),
      scene.ingress(c, 'tcp', 4999),
      scene.ingress(c, 'tcp', 5000),
      scene.ingress(c, 'sctp', 5002),
      scene.ingress(c, 'tcp', 5003),
      scene.ingress(c, 'icmp', 8),
      scene.ingress(c, 'icmp', 0),
      scene.ingress(c, 'icmpv6', 128),
    ],
    ['ALLOW', 'ALLOW', 'DENY', 'ALLOW', 'ALLOW', 'DENY', 'ALLOW', 'DENY', 'ALLOW'],
  );
});

test('L7 rules for one peer do not open or judge another (CVE-2023-30851)', () => {
  const scene = new Scene(
    parsed(
      policyText(`
ingress:
  - fromEndpoints: [{matchLabels: {app: client}}]
    toPorts: [{ports: [{port: 80, protocol: TCP}], rules: {http: [{path: /a}]}}]
  - fromEndpoints: [{matchLabels: {app: other}}]
    toPorts: [{ports: [{port: 80, protocol: TCP}]}]`),
    ),
  );
  assert.equal(scene.ingress(c, 'tcp', 80), 'L7 http[0]');
  assert.equal(scene.ingress('10.0.0.3', 'tcp', 80), 'ALLOW');
  assert.equal(scene.ingress('192.0.2.1', 'tcp', 80), 'DENY');
});

test('a range beside an L7 port is joined with it, not put in its place (CVE-2024-52529)', () => {
  const ranges = policyText(`
ingress:
  - fromEndpoints: [{matchLabels: {app: client}}]
    toPorts: [{ports: [{port: 80, protocol: TCP}], rules: {http: [{path: /a}]}}]
  - fromEndpoints: [{matchLabels: {app: client}}]
    toPorts: [{ports: [{port: 70, endPort: 90, protocol: TCP}], rules: {http: [{path: /b}, {path: /c}]}}]`);
  const scene = new Scene(parsed(ranges));
  assert.equal(scene.ingress(c, 'tcp', 79), 'L7 http[0] http[1]');
  assert.equal(scene.ingress(c, 'tcp', 80), 'L7 http[0] http[0] http[1]');
  assert.equal(scene.ingress(c, 'tcp', 81), 'L7 http[0] http[1]');
  assert.equal(scene.ingress(c, 'tcp', 91), 'DENY');
  const denied = new Scene(
    parsed(ranges, policyText('ingressDeny: [{toPorts: [{ports: [{port: 75, endPort: 80}]}]}]', { name: 'd' })),
  );
  assert.deepEqual(
    [74, 75, 80, 81].map((port) => denied.ingress(c, 'tcp', port)),
    ['L7 http[0] http[1]', 'DENY', 'DENY', 'L7 http[0] http[1]'],
  );
});

test('a deny of all ports is not escaped by an allow of one', () => {
  const scene = new Scene(
    parsed(
      policyText(`
ingress: [{toPorts: [{ports: [{port: 80, protocol: TCP}], rules: {http: [{}]}}, {ports: [{port: 53}]}]}]
ingressDeny: [{fromEndpoints: [{matchLabels: {app: client}}]}]`),
    ),
  );
  for (const port of [80, 53, 1]) assert.equal(scene.ingress(c, 'tcp', port), 'DENY');
  assert.equal(scene.ingress('10.0.0.3', 'tcp', 80), 'L7 http[0]');
});

test('a plain allow beside L7 rules makes them void, from L4 and from L3 alone', () => {
  const l7 = `
  - fromEndpoints: [{matchLabels: {app: client}}]
    toPorts: [{ports: [{port: 80, protocol: TCP}], rules: {http: [{path: /a}]}}]`;
  for (const plain of ['toPorts: [{ports: [{port: "80"}]}]', 'fromEndpoints: [{}]', 'fromEntities: [cluster]']) {
    const scene = new Scene(parsed(policyText(`ingress:${l7}\n  - ${plain}`)));
    assert.equal(scene.ingress(c, 'tcp', 80), 'ALLOW', plain);
  }
  const elsewhere = new Scene(parsed(policyText(`ingress:${l7}\n  - toPorts: [{ports: [{port: 81}]}]`)));
  assert.equal(elsewhere.ingress(c, 'tcp', 80), 'L7 http[0]');
});

test('deny applies with enableDefaultDeny: false, and the rest stays open (CVE-2024-47825)', () => {
  const scene = new Scene(
    parsed(
      policyText(`
enableDefaultDeny: {egress: false}
egress: [{toEntities: [all]}]
egressDeny: [{toCIDRSet: [{cidr: 192.0.2.0/24, except: [192.0.2.128/25]}]}]`),
    ),
  );
  assert.equal(scene.direction('egress').enforced, false);
  assert.equal(scene.egress('192.0.2.1', 'tcp', 443), 'DENY');
  assert.equal(scene.egress('192.0.2.200', 'tcp', 443), 'ALLOW');
  assert.equal(scene.egress('198.51.100.1', 'tcp', 443), 'ALLOW');
});

test('enableDefaultDeny closes a direction that has no rules, and L7 rules deny nothing where nothing is closed', () => {
  const closed = new Scene(parsed(policyText('enableDefaultDeny: {ingress: true}')));
  assert.equal(closed.ingress(c, 'tcp', 80), 'DENY');
  const rules = 'ingress: [{toPorts: [{ports: [{port: 80, protocol: TCP}], rules: {http: [{path: /a}]}}]}]';
  const visible = policyText(`enableDefaultDeny: {ingress: false}\n${rules}`);
  assert.equal(new Scene(parsed(visible)).ingress(c, 'tcp', 80), 'ALLOW');
  const both = new Scene(parsed(visible, policyText('ingress: [{}]', { name: 'close' })));
  assert.equal(both.ingress(c, 'tcp', 80), 'L7 http[0]', 'another policy closes it');
});

test('HTTP and Kafka that meet on one peer and port are denied and reported', () => {
  const rule = (labels: string, rules: string) =>
    `ingress: [{fromEndpoints: [{matchLabels: {${labels}}}], toPorts: [{ports: [{port: 9092, protocol: TCP}], rules: {${rules}}}]}]`;
  const policies = parsed(
    policyText(rule('app: client', 'http: [{path: /a}]'), { name: 'h' }),
    policyText(rule('tier: front', 'kafka: [{topic: t}]'), { name: 'k' }),
  );
  const apart = new Scene(policies);
  assert.equal(apart.ingress(c, 'tcp', 9092), 'L7 http[0]');
  assert.deepEqual(apart.resolver.conflicts, []);
  const met = new Scene(policies, [server, member('client', c, { tier: 'front' }), other]);
  assert.equal(met.ingress(c, 'tcp', 9092), 'DENY');
  assert.match(met.resolver.conflicts[0]?.message ?? '', /kafka rules here and http rules in default\/h ingress\[0\]/);
  assert.deepEqual([met.resolver.conflicts.length, met.resolver.conflicts[0]?.file], [1, '1.yaml']);
});

test('audit mode reports and blocks nothing; what enforced policies deny stays denied', () => {
  const annotation = 'sluice.io/enforcement: audit';
  const trial = policyText(
    `
ingress: [{toPorts: [{ports: [{port: 80, protocol: TCP}], rules: {http: [{path: /a}]}}, {ports: [{port: 81}]}]}]
ingressDeny: [{toPorts: [{ports: [{port: 82}]}]}]`,
    { name: 'trial', annotation },
  );
  const ports = [80, 81, 82, 83];
  const alone = new Scene(parsed(trial));
  assert.deepEqual([alone.direction('ingress').enforced, alone.direction('ingress').audit], [true, true]);
  assert.deepEqual(
    ports.map((port) => alone.ingress(c, 'tcp', port)),
    ['L7? http[0]', 'ALLOW', 'AUDIT', 'AUDIT'],
  );
  const open = policyText('ingress: [{toPorts: [{ports: [{port: 80, endPort: 82}]}]}]', { name: 'open' });
  const besideOpen = new Scene(parsed(trial, open));
  assert.deepEqual(
    ports.map((port) => besideOpen.ingress(c, 'tcp', port)),
    ['ALLOW', 'ALLOW', 'AUDIT', 'DENY'],
  );
  const besideClosed = new Scene(parsed(trial, policyText('ingress: [{}]', { name: 'closed' })));
  assert.deepEqual(
    ports.map((port) => besideClosed.ingress(c, 'tcp', port)),
    ['DENY', 'DENY', 'DENY', 'DENY'],
    'a policy in audit mode opens nothing',
  );
});
