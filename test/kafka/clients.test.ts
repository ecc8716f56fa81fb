/**
 * Kafka's clients, as they come, through Sluice to Apache Kafka: what the rules allow works, what they deny ends in the
 * client's own authorization error, and afterwards the client goes on.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Flow } from '../../src/observe/flow.ts';
import type { Agent } from '../netns/agent.ts';
import { eventually } from '../netns/eventually.ts';
import { agentOf, topologyOf } from '../netns/scene.ts';
import type { Station } from '../netns/topology.ts';
import type { Outcomes } from './clients/attempt.ts';
import { kcat } from './kcat.ts';
import { ingressKafka } from './policies.ts';
import { java, startRealBroker } from './real-broker.ts';
import { skipWithoutBroker } from './skip.ts';

const granted = ingressKafka('clients', [
  '{role: produce, topic: w, transactionalIDPrefix: t-}',
  '{role: consume, topic: r, groupPrefix: g-}',
]);

const topicDenied = 'TOPIC_AUTHORIZATION_FAILED';
const coordinatorNotFound = 'KafkaJSGroupCoordinatorNotFound: Failed to find group coordinator';
const groupDenied = 'GROUP_AUTHORIZATION_FAILED';

const consoleShareConsumer = 'org.apache.kafka.tools.consumer.ConsoleShareConsumer';
const consoleConsumer = 'org.apache.kafka.tools.consumer.ConsoleConsumer';

/** Both records that are there; a tool that got neither them nor an error gives up after 20 s. */
function readAll(topic: string, group: string, bootstrap: string): string[] {
  const args = `--bootstrap-server ${bootstrap} --topic ${topic} --group ${group} --from-beginning`;
  return `${args} --max-messages 2 --timeout-ms 20000`.split(' ');
}

/** Connections of the client that were judged as Kafka; a client that reconnects in a loop makes dozens. */
async function connectionsOf(agent: Agent, clientId: string): Promise<number> {
  const flows = await eventually('its flows are recorded', async () => {
    const own = (await agent.flows()).filter(({ l7 }) => l7?.protocol === 'kafka' && l7.clientId.startsWith(clientId));
    return own.length > 0 ? own : undefined;
  });
  return new Set(flows.map(({ source }) => source.port)).size;
}

async function outcomes(client: Station, ...args: string[]): Promise<Partial<Outcomes>> {
  const [name = '', ...rest] = args;
  const script = fileURLToPath(new URL(`clients/${name}`, import.meta.url));
  const { stdout, stderr } = await client.namespace.run(process.execPath, script, ...rest);
  assert.notEqual(stdout, '', stderr);
  return JSON.parse(stdout) as Partial<Outcomes>;
}

test("Kafka's clients through Sluice", { skip: skipWithoutBroker() }, async (t) => {
  const topology = topologyOf(t);
  const [client, kafka] = [topology.routed('client'), topology.routed('kafka')];
  const broker = await startRealBroker(kafka, { topics: ['w', 'r', 'hidden'] });
  const { bootstrap } = broker;
  const seeded = await kcat(kafka.namespace, bootstrap, 'seed', ['-P', '-t', 'r'], 'first\nsecond\n');
  assert.equal(seeded.code, 0, seeded.stderr);
  const agent = await agentOf(topology, { policies: { 'clients.yaml': granted }, workloads: [client, kafka] });

  await t.test('kafkajs', async () => {
    assert.deepEqual(await outcomes(client, 'kafkajs.ts', bootstrap), {
      produce: 'ok 0',
      produceDenied: topicDenied,
      produceAfterwards: 'ok 0',
      consume: 'ok first',
      consumeDeniedTopic: topicDenied,
      // kafkajs asks every broker, and says so whatever the error was.
      consumeDeniedGroup: coordinatorNotFound,
      transaction: 'ok committed',
      transactionDenied: coordinatorNotFound,
    });
    assert.ok((await connectionsOf(agent, 'kafkajs')) < 20);
  });

  for (const protocol of ['classic', 'consumer']) {
    await t.test(`@platformatic/kafka, group protocol ${protocol}`, async () => {
      assert.deepEqual(await outcomes(client, 'platformatic.ts', bootstrap, protocol), {
        produce: 'ok 1',
        produceDenied: topicDenied,
        produceAfterwards: 'ok 1',
        consume: 'ok first',
        consumeDeniedTopic: topicDenied,
        consumeDeniedGroup: groupDenied,
      });
      assert.ok((await connectionsOf(agent, 'platformatic')) < 40);
    });
  }

  for (const protocol of ['classic', 'consumer']) {
    await t.test(`kafka-ts, group protocol ${protocol}`, async () => {
      assert.deepEqual(await outcomes(client, 'kafka-ts.ts', bootstrap, protocol), {
        produce: 'ok sent',
        produceDenied: topicDenied,
        produceAfterwards: 'ok sent',
        consume: 'ok first',
        consumeDeniedTopic: topicDenied,
        consumeDeniedGroup: groupDenied,
      });
      assert.ok((await connectionsOf(agent, 'kafka-ts')) < 40);
    });
  }

  await t.test('kcat', async () => {
    const asked = async (input: string, ...args: string[]) => {
      const { code, stdout, stderr } = await kcat(client.namespace, bootstrap, 'kcat', args, input);
      return code === 0
        ? `ok ${stdout.trim()}`
        : (/(?:Broker|response error): [A-Za-z ]+/.exec(stderr)?.[0] ?? `${code}: ${stderr}`);
    };
    const group = (name: string, topic: string): string[] => [
      '-q',
      '-c',
      '1',
      '-X',
      'auto.offset.reset=earliest',
      '-G',
      name,
      topic,
    ];
    assert.equal(await asked('a record', '-P', '-t', 'w'), 'ok ');
    assert.equal(await asked('a record', '-P', '-t', 'w', '-X', 'enable.idempotence=true'), 'ok ');
    assert.equal(await asked('a record', '-P', '-t', 'w', '-z', 'gzip'), 'ok ');
    assert.equal(await asked('a record', '-P', '-t', 'w', '-X', 'acks=0'), 'ok ');
    assert.equal(await asked('a record', '-P', '-t', 'r'), 'Broker: Topic authorization failed');
    assert.equal(await asked('', '-C', '-t', 'r', '-e', '-q', '-c', '1'), 'ok first');
    assert.equal(await asked('', ...group('g-kcat', 'r')), 'ok first');
    // In the broker's own words, where there are some.
    assert.equal(await asked('', ...group('other', 'r')), 'response error: Group authorization failed');
    const listed = await asked('', '-L');
    assert.ok(listed.includes('"w"') && listed.includes('"r"') && !listed.includes('hidden'), listed);
    assert.ok((await connectionsOf(agent, 'kcat')) < 30);
  });

  /** One of Kafka's own tools, by its class; resolves with all that it printed. */
  const tool = async (main: string, ...args: string[]): Promise<string> => {
    const { stdout, stderr } = await client.namespace.run('java', ...java(256, 'start'), main, ...args);
    return stdout + stderr;
  };
  const perf = 'org.apache.kafka.tools.ProducerPerformance';
  const load = (topic: string, ...more: string[]): string[] =>
    `--topic ${topic} --num-records 20000 --record-size 200 --throughput -1 --bootstrap-server ${bootstrap}`
      .split(' ')
      .concat(more);

  await t.test("Kafka's tools, allowed", async () => {
    const [plain, transactions, read, group] = await Promise.all([
      tool(perf, ...load('w', '--command-property', 'compression.type=gzip')),
      tool(perf, ...load('w', '--transactional-id', 't-perf', '--transaction-duration-ms', '100')),
      tool(consoleConsumer, ...readAll('r', 'g-console', bootstrap)),
      tool(consoleConsumer, ...readAll('r', 'g-848', bootstrap), '--command-property', 'group.protocol=consumer'),
    ]);
    assert.match(plain, /^20000 records sent/m);
    assert.match(transactions, /^20000 records sent/m);
    for (const text of [read, group]) assert.match(text, /first\nsecond/);
  });

  await t.test('share groups', async () => {
    // They begin with what is new unless they are told; the tool has no way to say so.
    const earliest = '--alter --entity-type groups --entity-name g-share --add-config share.auto.offset.reset=earliest';
    const configured = await kafka.namespace.run(
      'java',
      ...java(256, 'start'),
      'kafka.admin.ConfigCommand',
      ...`--bootstrap-server ${bootstrap} ${earliest}`.split(' '),
    );
    assert.equal(configured.code, 0, configured.stderr);
    const share = (topic: string, group: string): Promise<string> =>
      tool(
        consoleShareConsumer,
        ...`--bootstrap-server ${bootstrap} --topic ${topic} --group ${group} --max-messages 2 --timeout-ms 20000`.split(
          ' ',
        ),
      );
    const [allowed, topic, group] = await Promise.all([
      share('r', 'g-share'),
      share('hidden', 'g-share-2'),
      share('r', 'other'),
    ]);
    assert.match(allowed, /first\nsecond/);
    assert.match(topic, /TopicAuthorizationException/);
    assert.match(group, /GroupAuthorizationException: Not authorized to access group: other/);
  });

  await t.test("Kafka's tools, denied", async () => {
    const [produce, transaction, topic, group, next] = await Promise.all([
      tool(perf, ...load('r', '--num-records', '2')),
      tool(perf, ...load('w', '--transactional-id', 'other')),
      tool(consoleConsumer, ...readAll('hidden', 'g-console-2', bootstrap)),
      tool(consoleConsumer, ...readAll('r', 'other', bootstrap)),
      tool(
        consoleConsumer,
        ...readAll('hidden', 'g-848-2', bootstrap),
        '--command-property',
        'group.protocol=consumer',
      ),
    ]);
    assert.match(produce, /TopicAuthorizationException: Not authorized to access topics: \[r\]/);
    assert.match(transaction, /TransactionalIdAuthorizationException/);
    assert.match(topic, /TopicAuthorizationException: Not authorized to access topics: \[hidden\]/);
    // Metadata says which topic, the heartbeat of KIP-848 does not; the client prints what came first.
    assert.match(
      next,
      /TopicAuthorizationException: (?:Not authorized to access topics: \[hidden\]|Topic authorization failed)/,
    );
    assert.match(group, /GroupAuthorizationException: Not authorized to access group: other/);
  });

  await t.test('a change of policy is in force on the next request of an open connection', async () => {
    const consumer = client.namespace.spawn(
      'kcat',
      ['-b', bootstrap, '-X', 'client.id=open', '-C', '-t', 'r', '-q', '-u'],
      {
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    );
    let text = '';
    for (const stream of [consumer.stdout, consumer.stderr]) {
      stream?.setEncoding('utf8').on('data', (more: string) => {
        text += more;
      });
    }
    await eventually('it reads', () => text.includes('second') || undefined);
    const ports = (flows: readonly Flow[]) =>
      new Set(
        flows.flatMap(({ l7, source }) => (l7?.protocol === 'kafka' && l7.clientId === 'open' ? source.port : [])),
      );
    const before = ports(await agent.flows());
    await agent.changePolicy('clients.yaml', ingressKafka('clients', ['{role: produce, topic: w}']));
    await eventually('it is told', () => text.includes('Topic authorization failed') || undefined);
    assert.deepEqual(ports(await agent.flows()), before, 'on the connections that it had');
    consumer.kill('SIGKILL');
  });
});
