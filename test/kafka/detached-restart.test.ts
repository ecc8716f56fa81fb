/**
 * The agent is stopped so that nothing stays attached, and started again, under two producers at work. In between they
 * write to the broker directly; those connections are older than the rule when it comes back, so they are reset, and
 * both producers go on through it, as if the broker had closed them.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { eventually } from '../netns/eventually.ts';
import type { Namespace } from '../netns/namespace.ts';
import { agentOf, topologyOf } from '../netns/scene.ts';
import { kcat } from './kcat.ts';
import { ingressKafka } from './policies.ts';
import { java, startRealBroker } from './real-broker.ts';
import { skipWithoutBroker } from './skip.ts';

const topics = ['from-java', 'from-kafkajs'] as const;
type Topic = (typeof topics)[number];
/** Enough for both to outlast the restart; they are ended by what they have written, not by time. */
const records = { 'from-java': 30_000, 'from-kafkajs': 10_000 };
const javaPerSecond = 1_000;
/** A client is told that its connection is over, also where it waits for an answer: before its own time-out, 30 s. */
const promptMs = 25_000;

const policy = ingressKafka('restart', ['{role: produce, topicPrefix: from-}']);

async function written(namespace: Namespace, bootstrap: string, topic: Topic): Promise<number> {
  const { stdout } = await kcat(namespace, bootstrap, 'check', ['-Q', '-t', `${topic}:0:-1`]);
  return Number(/offset (\d+)/.exec(stdout)?.[1] ?? 0);
}

test('producers go on when the agent comes back', { skip: skipWithoutBroker() }, async (t) => {
  const topology = topologyOf(t);
  const [client, kafka] = [topology.routed('client'), topology.routed('kafka')];
  const { bootstrap } = await startRealBroker(kafka, { topics });
  const agent = await agentOf(topology, { policies: { 'restart.yaml': policy }, workloads: [client, kafka] });
  const load = `--topic from-java --num-records ${records['from-java']} --payload-monotonic --throughput ${javaPerSecond}`;
  const main = 'org.apache.kafka.tools.ProducerPerformance';
  const producers = [
    client.namespace.run('java', ...java(128, 'start'), main, ...`${load} --bootstrap-server ${bootstrap}`.split(' ')),
    client.namespace.run(
      process.execPath,
      fileURLToPath(new URL('clients/numbers.ts', import.meta.url)),
      bootstrap,
      'from-kafkajs',
      String(records['from-kafkajs']),
    ),
  ];
  /** Each has written `more` since now. */
  const goOn = async (when: string, more: number): Promise<void> => {
    await Promise.all(
      topics.map(async (topic) => {
        const before = await written(kafka.namespace, bootstrap, topic);
        const wanted = Math.min(before + more, records[topic]);
        await eventually(
          `${topic} grows ${when}`,
          async () => (await written(kafka.namespace, bootstrap, topic)) >= wanted || undefined,
          promptMs,
        );
      }),
    );
  };
  await goOn('at first', 300);
  assert.equal(await agent.stop(), 0);
  await goOn('without an agent', 300);
  await agent.start();
  await goOn('under the agent again', 300);
  const judged = new Set((await agent.flows()).flatMap(({ l7 }) => (l7?.protocol === 'kafka' ? l7.topics : [])));
  assert.deepEqual([...judged].sort(), [...topics], 'and what they write is judged');
  const [javaEnd, kafkajsEnd] = await Promise.all(producers);
  assert.match(javaEnd?.stdout ?? '', new RegExp(`^${records['from-java']} records sent`, 'm'), javaEnd?.stderr);
  assert.equal(kafkajsEnd?.stdout, String(records['from-kafkajs']), kafkajsEnd?.stderr);
  for (const topic of topics) {
    const { stdout } = await kcat(kafka.namespace, bootstrap, 'check', ['-C', '-t', topic, '-e', '-q']);
    const numbers = stdout.trimEnd().split('\n').map(Number);
    assert.equal(numbers.length, records[topic]);
    const first = numbers[0] ?? 0;
    assert.equal(
      numbers.findIndex((number, index) => number !== first + index),
      -1,
      `${topic}: none lost, repeated or moved`,
    );
  }
});
