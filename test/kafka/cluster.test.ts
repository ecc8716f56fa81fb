/**
 * A cluster of three brokers in three namespaces, one of which advertises an IPv6 address: the policy that covers the
 * broker which a client is told first covers those that it is sent to. And what Sluice says when it does not.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Agent } from '../netns/agent.ts';
import { eventually } from '../netns/eventually.ts';
import { agentOf, topologyOf } from '../netns/scene.ts';
import {
  advertised,
  type ClusterNode,
  controllerPort,
  innerBootstrap,
  replicationPort,
  startCluster,
} from './cluster.ts';
import { kcat } from './kcat.ts';
import { java } from './real-broker.ts';
import { skipWithoutBroker } from './skip.ts';

const brokers = ['kafka-1', 'kafka-2', 'kafka-3'];
const records = 40_000;
const perSecond = 4_000;

/** `covered` are the brokers whose port for clients is under rules; the others' is closed. */
function policy(covered: readonly string[], more = ''): string {
  const list = (names: readonly string[]) =>
    `matchExpressions: [{key: app, operator: In, values: [${names.join(', ')}]}]`;
  return `apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {name: cluster}
specs:
  - endpointSelector: {${list(covered)}}
    ingress:
      - fromEndpoints: [{matchLabels: {app: client}}]
        toPorts:
          - ports: [{port: "9092", protocol: TCP}]
            rules:
              kafka:
                - {role: produce, topic: w}
                - {role: consume, topic: r, groupPrefix: g-}
  - endpointSelector: {${list(brokers)}}
    ingress:
      - fromEndpoints: [{${list(brokers)}}]
        toPorts: [{ports: [{port: "${controllerPort}", endPort: ${replicationPort}, protocol: TCP}]}]
${more}`;
}

/** Makes the rules void at one broker. */
const openBeside = `  - endpointSelector: {matchLabels: {app: kafka-3}}
    ingress:
      - fromEndpoints: [{matchLabels: {app: client}}]
        toPorts: [{ports: [{port: "9092", protocol: TCP}]}]
`;

const script = (name: string): string => fileURLToPath(new URL(`clients/${name}`, import.meta.url));

async function brokerProblems(agent: Agent): Promise<string[]> {
  const { problems } = await agent.status();
  return problems
    .filter(({ source }) => source.startsWith('Kafka'))
    .map(({ source, message }) => `${source}: ${message}`);
}

test('three brokers behind one', { skip: skipWithoutBroker() }, async (t) => {
  const topology = topologyOf(t);
  const client = topology.routed('client');
  const cluster: ClusterNode[] = brokers.map((name, index) => ({
    station: topology.routed(name),
    family: index === 2 ? 6 : 4,
  }));
  const addresses = cluster.map(advertised);
  const [bootstrap = '', , third = ''] = addresses;
  const workloads = [client, ...cluster.map(({ station }) => station)];
  const agent = await agentOf(topology, { policies: { 'cluster.yaml': policy(brokers) }, workloads });
  // Under the policy from the start: brokers do not get over it soon when connections among them stop all at once.
  const nodes = await startCluster(cluster, ['w', 'r', 'hidden']);
  const [first] = cluster;
  assert.ok(first);
  const [beside, inner] = [first.station.namespace, innerBootstrap(first)];
  for (const partition of [0, 1, 2]) {
    const lines = Array.from({ length: 10 }, (_, i) => `${partition}-${i}\n`).join('');
    assert.equal((await kcat(beside, inner, 'seed', ['-P', '-t', 'r', '-p', String(partition)], lines)).code, 0);
  }
  const ran = async (name: string, ...args: string[]): Promise<unknown> => {
    const { stdout, stderr } = await client.namespace.run(process.execPath, script(name), ...args);
    assert.notEqual(stdout, '', stderr);
    return JSON.parse(stdout);
  };

  await t.test('what is denied is denied by each broker, over both families', async () => {
    const seen = (await ran('every-broker.ts', ...addresses)) as {
      produce: { w: number; hidden: number };
      fetch: { hidden: number };
    }[];
    assert.deepEqual(
      seen.map(({ produce, fetch }) => [produce.hidden, fetch.hidden]),
      [
        [29, 29],
        [29, 29],
        [29, 29],
      ],
    );
    // One leads the partition, the others say so.
    assert.deepEqual(
      seen.map(({ produce }) => produce.w).sort((a, b) => a - b),
      [0, 6, 6],
    );
    // They also say who leads (KIP-951): nothing else has named a broker yet.
    const named = await eventually('the leader was named', async () => {
      const metrics = await agent.client.metrics();
      const count = Number(/^sluice_kafka_named_brokers\{coverage="ruled"\} (\d+)$/m.exec(metrics)?.[1]);
      return count > 0 ? count : undefined;
    });
    assert.equal(named, 2);
  });

  await t.test('a client that knows one broker uses all three', async () => {
    assert.deepEqual(await ran('group.ts', bootstrap, '30'), { written: 3, read: 3, values: 30 });
    const flows = (await agent.flows()).filter(({ l7 }) => l7?.protocol === 'kafka' && l7.clientId === 'group');
    const produced = flows.filter(({ l7 }) => l7?.protocol === 'kafka' && l7.api === 'produce');
    const reached = new Set(produced.map(({ destination }) => destination.address));
    assert.deepEqual([...reached].sort(), cluster.map(({ station, family }) => station.address[family]).sort());
    assert.deepEqual(await brokerProblems(agent), []);
  });

  await t.test('a broker is killed: an idempotent producer goes on at the others', async () => {
    const load = `--topic w --num-records ${records} --payload-monotonic --throughput ${perSecond}`;
    const produced = client.namespace.run(
      'java',
      ...java(128, 'start'),
      'org.apache.kafka.tools.ProducerPerformance',
      ...`${load} --bootstrap-server ${bootstrap},${third}`.split(' '),
    );
    const producing = (address: string | undefined) => async () => {
      const flows = await agent.flows();
      return flows.some(
        ({ l7, destination }) =>
          l7?.protocol === 'kafka' &&
          l7.clientId.startsWith('perf') &&
          l7.api === 'produce' &&
          destination.address === address,
      )
        ? true
        : undefined;
    };
    await eventually('the broker that is to be killed leads', producing(cluster[1]?.station.address[4]), 60_000);
    nodes[1]?.kill();
    const { stdout, stderr } = await produced;
    assert.match(stdout, new RegExp(`^${records} records sent`, 'm'), stderr);
    const read = await kcat(beside, inner, 'check', ['-C', '-t', 'w', '-e', '-q', '-f', '%p %s\\n']);
    const last = new Map<string, number>();
    const seen = new Set<number>();
    for (const line of read.stdout.trimEnd().split('\n')) {
      const [partition = '', value] = line.split(' ');
      const number = Number(value);
      // What the earlier tests wrote has few digits, or none.
      if (!(number >= 100)) continue;
      assert.ok(!seen.has(number), `${number} is there once`);
      assert.ok(
        (last.get(partition) ?? 0) < number,
        `${number} follows ${last.get(partition)} in partition ${partition}`,
      );
      seen.add(number);
      last.set(partition, number);
    }
    assert.equal(seen.size, records - 100);
    assert.equal(last.size, 3);
  });

  await t.test('a broker that the policy does not cover is told of, until it does', async () => {
    const problem = (expected: RegExp) =>
      eventually(`the problem ${expected}`, async () => {
        const found = (await brokerProblems(agent)).filter((one) => one.startsWith('Kafka broker [fd77:4::2]:9092: '));
        return (expected.source === '^$' ? found.length === 0 : found.some((one) => expected.test(one))) || undefined;
      });
    await agent.changePolicy('cluster.yaml', policy(['kafka-1', 'kafka-2']));
    await problem(
      /10\.77\.2\.2:9092 names it to default\/client at 10\.77\.1\.2, whom the policy does not let connect/,
    );
    await agent.changePolicy('cluster.yaml', policy(brokers, openBeside));
    await problem(/10\.77\.2\.2:9092 names it to default\/client at 10\.77\.1\.2, who reaches it without Kafka rules/);
    await agent.changePolicy('cluster.yaml', policy(brokers));
    await problem(/^$/);
    const told = (await agent.flows()).filter(({ reason }) => reason?.startsWith('broker-'));
    assert.deepEqual(
      new Set(told.map(({ verdict, reason, destination }) => `${verdict} ${reason} ${destination.name}`)),
      new Set(['DENY broker-denied default/kafka-3', 'ALLOW broker-open default/kafka-3']),
    );
  });
});
