/**
 * An idempotent producer writes numbers through an allow rule, and a consumer of a group reads them, while the agent is
 * stopped and started, or another one takes over, again and again: none is lost, none comes twice, and in each partition they
 * stay in order. Connections of both end with an agent that stops, and with none that is taken over from.
 *
 * `RESTART_RECORDS=10000000` is the long form, of some ten minutes.
 */

import assert from 'node:assert/strict';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { eventually } from '../netns/eventually.ts';
import type { Namespace } from '../netns/namespace.ts';
import { agentOf, topologyOf } from '../netns/scene.ts';
import { kcat } from './kcat.ts';
import { ingressKafka } from './policies.ts';
import { java, startRealBroker } from './real-broker.ts';
import { skipWithoutBroker } from './skip.ts';
import { kafkaPort } from './station.ts';

const records = Number(process.env.RESTART_RECORDS ?? 200_000);
/** Slow enough that every restart meets a producer at work: what a restart holds up it makes up for as fast as it can. */
const perSecond = Math.max(5_000, Math.ceil(records / 600));
const restarts = 5;
const partitions = 3;

const policy = ingressKafka('restart', [
  '{role: produce, topic: numbers}',
  '{role: consume, topic: numbers, group: readers}',
]);

/** Records in the log, as the broker tells those beside it. */
async function written(namespace: Namespace, bootstrap: string): Promise<number> {
  const asked = Array.from({ length: partitions }, (_, index) => ['-t', `numbers:${index}:-1`]).flat();
  const { stdout } = await kcat(namespace, bootstrap, 'check', ['-Q', ...asked]);
  return [...stdout.matchAll(/offset (\d+)/g)].reduce((sum, [, offset]) => sum + Number(offset), 0);
}

/** Client ports of the connections to the broker that are open. */
async function connections(namespace: Namespace): Promise<string[]> {
  const { stdout } = await namespace.run('ss', '-Htn', 'state', 'established', `dport = :${kafkaPort}`);
  return [...stdout.matchAll(/:(\d+)\s+\S+:\d+\s*$/gm)].map(([, port = '']) => port);
}

/** A consumer of the group that waits for up to two seconds where there is nothing to read. @returns what it has read */
function startReader(namespace: Namespace, bootstrap: string): Set<number> {
  const read = new Set<number>();
  const wait = ['-X', 'fetch.wait.max.ms=2000', '-X', 'fetch.min.bytes=1000000', '-X', 'auto.offset.reset=earliest'];
  const child = namespace.spawn(
    'kcat',
    ['-b', bootstrap, '-E', '-q', '-u', ...wait, '-f', '%s\\n', '-G', 'readers', 'numbers'],
    {
      stdio: ['ignore', 'pipe', 'ignore'],
    },
  );
  assert.ok(child.stdout);
  createInterface({ input: child.stdout }).on('line', (line) => read.add(Number(line)));
  return read;
}

interface Read {
  count: number;
  /** Numbers that had been read before. */
  repeated: number;
  /** Numbers that are smaller than the one before them in their partition. */
  outOfOrder: number;
}

async function readAll(namespace: Namespace, bootstrap: string): Promise<Read> {
  const args = ['-b', bootstrap, '-C', '-t', 'numbers', '-e', '-q', '-f', '%p %s\n'];
  const child = namespace.spawn('kcat', args, { stdio: ['ignore', 'pipe', 'inherit'] });
  assert.ok(child.stdout);
  const read: Read = { count: 0, repeated: 0, outOfOrder: 0 };
  const seen = new Uint8Array(records + 1);
  const last = new Map<string, number>();
  for await (const line of createInterface({ input: child.stdout })) {
    const [partition = '', text] = line.split(' ');
    const number = Number(text);
    assert.ok(number >= 0 && number < seen.length, line);
    read.count++;
    if (seen[number] !== 0) read.repeated++;
    seen[number] = 1;
    if (number <= (last.get(partition) ?? -1)) read.outOfOrder++;
    last.set(partition, number);
  }
  assert.equal(last.size, partitions, 'every partition has its share');
  return read;
}

test('restarts of the agent neither lose nor repeat records', { skip: skipWithoutBroker() }, async (t) => {
  const topology = topologyOf(t);
  const [client, kafka] = [topology.routed('client'), topology.routed('kafka')];
  const { bootstrap } = await startRealBroker(kafka, { topics: [`numbers:${partitions}`] });
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
  const read = startReader(client.namespace, bootstrap);
  for (let restart = 1; restart <= restarts; restart++) {
    const share = (restart / (restarts + 1)) * records;
    await eventually(
      `${share.toFixed(0)} records are written before restart ${restart}`,
      async () => (await written(kafka.namespace, bootstrap)) >= share || !running || undefined,
      // Three times what it takes at that rate, and what the machine needs to begin.
      40_000 + (3000 * records) / perSecond / restarts,
    );
    assert.ok(running, `the producer ended before restart ${restart}`);
    if (restart % 2 === 0) {
      const before = await connections(client.namespace);
      assert.ok(before.length >= 2, 'the producer and the consumer are connected');
      const begun = performance.now();
      assert.equal(await agent.handOver(), 0);
      t.diagnostic(`take-over of ${before.length}: ${Math.round(performance.now() - begun)} ms`);
      const after = new Set(await connections(client.namespace));
      assert.deepEqual(
        before.filter((port) => !after.has(port)),
        [],
        'no connection ended',
      );
    } else {
      assert.equal(await agent.stop(), 0);
      await agent.start();
    }
  }
  const { stdout, stderr } = await produced;
  assert.match(stdout, new RegExp(`^${records} records sent`, 'm'), stderr);
  assert.deepEqual(await readAll(kafka.namespace, bootstrap), { count: records, repeated: 0, outOfOrder: 0 });
  await eventually('the group has read them all', () => read.size === records || undefined, 60_000);
});
