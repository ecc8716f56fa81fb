/** Brokers that were named: told of once, resolved, checked again with every policy, forgotten in time. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ConnectionFacts } from '../../../proxy/record.ts';
import type { Address, EndpointId, IdentityId, Port } from '../../../src/identity/identity.ts';
import { limits } from '../../../src/limits.ts';
import { HostResolver } from '../../../src/observe/name-resolver.ts';
import { type NamedBroker, NamedBrokers } from '../../../src/observe/named-brokers.ts';
import type { EndAt } from '../../../src/policy/broker-coverage.ts';
import type { DirectionPolicy, KafkaRuleSet, PortRange } from '../../../src/policy/resolved.ts';
import { BrokerNamings } from '../../../src/worker/broker-namings.ts';

const facts: ConnectionFacts = {
  direction: 'egress',
  endpoint: 1 as EndpointId,
  peer: 300 as IdentityId,
  client: { address: '10.0.0.1' as Address, port: 40_000 as Port },
  server: { address: '10.0.0.2' as Address, port: 9092 as Port },
};
const ref = { policy: 'default/p', rule: 'egress[0].toPorts[0].rules.kafka[0]', file: 'p.yaml', line: 1 };
const ruleSet: KafkaRuleSet = { kind: 'kafka', id: 1, key: 'k', audit: false, kafka: [{ ref }] };
const ranges: readonly PortRange[] = [
  { protocol: 6, first: 9092, last: 9092, verdict: { verdict: 'l7', ref, ruleSet } },
  { protocol: 6, first: 9999, last: 9999, verdict: { verdict: 'allow', ref } },
];
const nothing: DirectionPolicy = { enforced: false, audit: false, peers: new Map() };

/** `covered` are the addresses that the rules name; all others nothing is allowed to. */
function ends(...covered: string[]): EndAt {
  const egress = { enforced: true, audit: false, peers: new Map([[300 as IdentityId, ranges]]) };
  const policy = { endpoint: 1 as EndpointId, ingress: nothing, egress };
  return (address) => ({
    identity: (covered.includes(address) ? 300 : 2) as IdentityId,
    isKnown: false,
    ...(address === '10.0.0.1' && { policy }),
  });
}

function scene(names: Readonly<Record<string, readonly string[]>> = {}) {
  const told: NamedBroker[] = [];
  const asked: string[] = [];
  const resolver = new HostResolver((name) => {
    asked.push(name);
    const addresses = names[name];
    return addresses ? Promise.resolve(addresses) : Promise.reject(new Error('ENOTFOUND'));
  });
  const brokers = new NamedBrokers(resolver, ends('10.0.0.2', 'fd00::2'), (broker) => told.push(broker));
  const count = (coverage: string) =>
    brokers.metric().samples.find(({ labels }) => labels.coverage === coverage)?.value;
  return { brokers, told, asked, count };
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

test('addresses of both families, in any form, are looked at as they are', () => {
  const { brokers, told, asked, count } = scene();
  const hosts = ['10.0.0.2', 'FD00:0::2', '::ffff:10.0.0.2', '10.0.0.9'];
  brokers.hear(
    facts,
    hosts.map((host) => ({ host, port: 9092 })),
    0,
  );
  brokers.hear(
    facts,
    hosts.map((host) => ({ host, port: 9092 })),
    1,
  );
  assert.equal(count('ruled'), 3);
  assert.equal(count('denied'), 1);
  assert.deepEqual(
    told.map(({ host, coverage }) => [host, coverage]),
    [['10.0.0.9', 'denied']],
  );
  assert.deepEqual(asked, []);
});

test('a way without rules is the worst, and told first', () => {
  const { brokers } = scene();
  brokers.hear(
    facts,
    [
      { host: '10.0.0.9', port: 9092 },
      { host: 'fd00::2', port: 9999 },
    ],
    0,
  );
  assert.deepEqual(
    brokers.problems(() => 'default/web'),
    [
      {
        source: 'Kafka broker [fd00::2]:9999',
        message:
          '10.0.0.2:9092 names it to default/web, who reaches it without Kafka rules: add its address and port to the rule that covers 10.0.0.2:9092',
      },
      {
        source: 'Kafka broker 10.0.0.9:9092',
        message:
          '10.0.0.2:9092 names it to default/web, whom the policy does not let connect to it: add its address and port to the rule that covers 10.0.0.2:9092',
      },
    ],
  );
});

test('a name counts by the worst of its addresses; one without any is unresolved', async () => {
  const { brokers, told, asked, count } = scene({ 'kafka-2': ['10.0.0.2', '10.0.0.9'], 'kafka-3': ['fd00::2'] });
  const hosts = ['kafka-2', 'kafka-3', 'kafka-4', 'fe80::1%eth0'];
  brokers.hear(
    facts,
    hosts.map((host) => ({ host, port: 9092 })),
    0,
  );
  await settled();
  await settled();
  assert.deepEqual(asked, hosts);
  assert.equal(count('ruled'), 1);
  assert.equal(count('unresolved'), 2);
  assert.deepEqual(
    told.map(({ host, address, coverage }) => [host, address, coverage]),
    [['kafka-2', '10.0.0.9', 'denied']],
  );
});

test('a change of policy settles it, and may unsettle it again', () => {
  const { brokers, told } = scene();
  brokers.hear(facts, [{ host: '10.0.0.9', port: 9092 }], 0);
  assert.equal(told.length, 1);
  brokers.check(ends('10.0.0.2', '10.0.0.9'));
  assert.deepEqual(brokers.uncovered(), []);
  brokers.check(ends('10.0.0.2'));
  assert.equal(told.length, 2);
});

test('what is not named any more is forgotten; what is too much is not kept', () => {
  const { brokers, count } = scene();
  const many = (prefix: string) =>
    Array.from({ length: 300 }, (_, i) => ({ host: `${prefix}.${i >> 8}.${i & 255}`, port: 9092 }));
  for (let i = 0; i < 20; i++) brokers.hear(facts, many(`10.${i + 1}`), 0);
  assert.equal(count('denied'), limits.kafkaBrokersRemembered);
  assert.equal(brokers.problems(() => 'x').length, limits.kafkaBrokerProblems + 1);
  brokers.hear(facts, [{ host: '10.0.0.9', port: 9092 }], limits.kafkaBrokerForgetMs + 1);
  assert.equal(count('denied'), 1);
});

test('names are resolved one at a time, and as many wait as may', async () => {
  let [open, most] = [0, 0];
  const resolver = new HostResolver(async () => {
    most = Math.max(most, ++open);
    await settled();
    open--;
    return [];
  });
  let delivered = 0;
  for (let i = 0; i < 2 * limits.kafkaNamesWaiting; i++) resolver.resolve(`n${i}`, () => delivered++);
  for (let i = 0; i < 4 * limits.kafkaNamesWaiting; i++) await settled();
  assert.equal(most, 1);
  assert.equal(delivered, limits.kafkaNamesWaiting);
});

test('a worker tells the same once in a while', () => {
  let now = 0;
  const told: number[] = [];
  const namings = new BrokerNamings(
    (_, brokers) => told.push(brokers.length),
    () => now,
  );
  const two = [
    { host: 'a', port: 1 },
    { host: 'b', port: 1 },
  ];
  namings.hear(facts, two);
  namings.hear(facts, [...two, { host: 'c', port: 1 }]);
  namings.hear(facts, two);
  now = limits.kafkaBrokerRepeatMs;
  namings.hear(facts, two);
  assert.deepEqual(told, [2, 1, 2]);
});
