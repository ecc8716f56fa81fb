/**
 * An idempotent producer writes numbers through an allow rule while the agent is stopped and started again and again:
 * none is lost, none comes twice, and they stay in order.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually } from '../netns/eventually.ts';
import { agentOf, topologyOf } from '../netns/scene.ts';
import { kcat } from './kcat.ts';
import { java, startRealBroker } from './real-broker.ts';
import { skipWithoutBroker } from './skip.ts';

const records = 200_000;
const perSecond = 8_000;
const restarts = 5;

const policy = `apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {name: restart}
spec:
  endpointSelector: {matchLabels: {app: kafka}}
  ingress:
    - fromEndpoints: [{matchLabels: {app: client}}]
      toPorts:
        - ports: [{port: "9092", protocol: TCP}]
          rules:
            kafka: [{role: produce, topic: numbers}]
`;

test('restarts of the agent neither lose nor repeat records', { skip: skipWithoutBroker() }, async (t) => {
  const topology = topologyOf(t);
  const [client, kafka] = [topology.routed('client'), topology.routed('kafka')];
  const { bootstrap } = await startRealBroker(kafka, { topics: ['numbers'] });
  const agent = await agentOf(topology, {
    policies: { 'restart.yaml': policy },
    workloads: [client, kafka],
    // As for an upgrade: between the two agents nothing passes unjudged.
    args: ['--leave-attached'],
  });

  let running = true;
  const load = `--topic numbers --num-records ${records} --payload-monotonic --throughput ${perSecond}`;
  const produced = client.namespace
    .run(
      'java',
      ...java(256, 'start'),
      'org.apache.kafka.tools.ProducerPerformance',
      ...`${load} --bootstrap-server ${bootstrap}`.split(' '),
    )
    .finally(() => {
      running = false;
    });
  for (let restart = 1; restart <= restarts; restart++) {
    await eventually(
      `records pass before restart ${restart}`,
      async () => {
        const produces = (await agent.flows()).filter(({ l7 }) => l7?.protocol === 'kafka' && l7.api === 'produce');
        return produces.length >= 20 || undefined;
      },
      40_000,
    );
    assert.ok(running, `the producer ended before restart ${restart}`);
    assert.equal(await agent.stop(), 0);
    await agent.start();
  }
  const { stdout, stderr } = await produced;
  assert.match(stdout, new RegExp(`^${records} records sent`, 'm'), stderr);

  const read = await kcat(kafka.namespace, bootstrap, 'check', ['-C', '-t', 'numbers', '-e', '-q']);
  const numbers = read.stdout.trimEnd().split('\n').map(Number);
  assert.equal(numbers.length, records);
  const first = numbers[0] ?? 0;
  assert.equal(
    numbers.findIndex((number, index) => number !== first + index),
    -1,
    'every number follows the one before',
  );
});
