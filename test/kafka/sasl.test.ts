/**
 * SASL through Sluice: who the client is towards the broker is between the two of them, with the broker's own errors;
 * what it may do is ours, before and after it has authenticated anew.
 */

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Flow } from '../../src/observe/flow.ts';
import { eventually } from '../netns/eventually.ts';
import { agentOf, topologyOf } from '../netns/scene.ts';
import type { Station } from '../netns/topology.ts';
import { rawFrame } from '../unit/kafka/wire.ts';
import { kcat } from './kcat.ts';
import { ingressKafka } from './policies.ts';
import { createTopics, java, startRealBroker } from './real-broker.ts';
import { skipWithoutBroker } from './skip.ts';
import { bootstrapOf, kafkaPort } from './station.ts';

const policy = ingressKafka('sasl', ['{role: produce, topic: w}']);

/** How long a client is authenticated; it does it anew on the same connection, or is cut off (KIP-368). */
const sessionMs = 2_000;
const password = 'alice-secret';
const modules = { PLAIN: 'plain.PlainLoginModule', 'SCRAM-SHA-256': 'scram.ScramLoginModule' } as const;
const mechanisms = ['PLAIN', 'SCRAM-SHA-256'] as const;
type Mechanism = (typeof mechanisms)[number];

const login = (mechanism: Mechanism, options: string): string =>
  `org.apache.kafka.common.security.${modules[mechanism]} required ${options};`;

function brokerProperties(address: string): Record<string, string> {
  return {
    listeners: `SASL://:${kafkaPort},INNER://127.0.0.1:9094,CONTROLLER://127.0.0.1:9093`,
    'advertised.listeners': `SASL://${address}:${kafkaPort},INNER://127.0.0.1:9094`,
    'listener.security.protocol.map': 'SASL:SASL_PLAINTEXT,INNER:PLAINTEXT,CONTROLLER:PLAINTEXT',
    'inter.broker.listener.name': 'INNER',
    'sasl.enabled.mechanisms': mechanisms.join(),
    'listener.name.sasl.plain.sasl.jaas.config': login('PLAIN', `user_alice="${password}"`),
    'listener.name.sasl.scram-sha-256.sasl.jaas.config': login('SCRAM-SHA-256', ''),
    'connections.max.reauth.ms': String(sessionMs),
  };
}

/** How often each connection of the client authenticated. */
function authentications(flows: readonly Flow[], clientId: string): number[] {
  const counts = new Map<number, number>();
  for (const { l7, source } of flows) {
    if (l7?.protocol !== 'kafka' || l7.clientId !== clientId || l7.api !== 'saslhandshake') continue;
    counts.set(source.port, (counts.get(source.port) ?? 0) + 1);
  }
  return [...counts.values()];
}

test('SASL through Sluice', { skip: skipWithoutBroker() }, async (t) => {
  const topology = topologyOf(t);
  const [client, kafka] = [topology.routed('client'), topology.routed('kafka')];
  const bootstrap = bootstrapOf(kafka);
  await startRealBroker(kafka, {
    properties: brokerProperties(kafka.address[4]),
    format: ['--add-scram', `SCRAM-SHA-256=[name=alice,password=${password}]`],
  });
  createTopics({ station: kafka, bootstrap: '127.0.0.1:9094' }, ['w', 'r']);
  const agent = await agentOf(topology, { policies: { 'sasl.yaml': policy }, workloads: [client, kafka] });
  const script = fileURLToPath(new URL('clients/sasl.ts', import.meta.url));
  const kafkajs = async (mechanism: Mechanism, secret: string, milliseconds: number): Promise<unknown> => {
    const args = [script, bootstrap, mechanism.toLowerCase(), secret, String(milliseconds)];
    const { stdout, stderr } = await client.namespace.run(process.execPath, ...args);
    assert.notEqual(stdout, '', stderr);
    return JSON.parse(stdout);
  };

  for (const mechanism of mechanisms) {
    await t.test(`kafkajs, ${mechanism}, and anew`, async () => {
      assert.deepEqual(await kafkajs(mechanism, password, 3 * sessionMs), {
        connected: 'ok connected',
        produce: 'ok 0',
        produceDenied: 'TOPIC_AUTHORIZATION_FAILED',
        later: ['ok 0'],
      });
      const counts = authentications(await agent.flows(), `kafkajs-${mechanism.toLowerCase()}`);
      assert.ok(Math.max(...counts) >= 2, `each connection authenticated ${counts.join()} times`);
      const { connected } = (await kafkajs(mechanism, 'wrong', 0)) as { connected: string };
      assert.match(
        connected,
        /SASL (?:PLAIN|SCRAM SHA256) authentication failed: .*(?:Invalid username or password|invalid credentials)/,
      );
    });

    await t.test(`kcat, ${mechanism}, as without Sluice`, async () => {
      const asked = async ({ namespace }: Station, secret: string, topic: string) => {
        const settings = {
          'security.protocol': 'SASL_PLAINTEXT',
          'sasl.mechanism': mechanism,
          'sasl.username': 'alice',
          'sasl.password': secret,
        };
        const args = Object.entries(settings).flatMap(([name, value]) => ['-X', `${name}=${value}`]);
        const { code, stderr } = await kcat(namespace, bootstrap, 'kcat', [...args, '-P', '-t', topic], 'a record');
        return code === 0
          ? 'ok'
          : (/Broker: [A-Za-z ]+|SASL authentication error: .*?(?= \(after)/.exec(stderr)?.[0] ?? stderr);
      };
      // librdkafka before 2.6.1 computes a SCRAM nonce that brokers take no more (CVE-2024-56128).
      const direct = await asked(kafka, password, 'w');
      assert.ok(mechanism !== 'PLAIN' || direct === 'ok', direct);
      assert.equal(await asked(client, password, 'w'), direct);
      assert.equal(await asked(client, password, 'r'), direct === 'ok' ? 'Broker: Topic authorization failed' : direct);
      const wrong = await asked(kafka, 'wrong', 'w');
      assert.match(wrong, /Authentication failed/);
      assert.equal(await asked(client, 'wrong', 'w'), wrong);
    });
  }

  await t.test("Kafka's own producer, and anew", async (context) => {
    const directory = mkdtempSync(join(tmpdir(), 'sluice-sasl-'));
    context.after(() => rmSync(directory, { recursive: true }));
    // It asks for the name of the address that it connects to, each time.
    const hosts = join(directory, 'hosts');
    writeFileSync(hosts, `127.0.0.1 localhost\n127.0.0.1 ${hostname()}\n${kafka.address[4]} kafka\n`);
    const perf = async (mechanism: Mechanism, secret: string, load: string, clientId = 'java') => {
      const settings = {
        'security.protocol': 'SASL_PLAINTEXT',
        'sasl.mechanism': mechanism,
        'sasl.jaas.config': login(mechanism, `username="alice" password="${secret}"`),
        'client.id': `${clientId}-${mechanism}-${secret}`,
      };
      const file = join(directory, `${clientId}-${mechanism}-${secret}.properties`);
      const lines = Object.entries(settings).map(([name, value]) => `${name}=${value}\n`);
      writeFileSync(file, lines.join(''));
      const main = 'org.apache.kafka.tools.ProducerPerformance';
      const args = `${load} --record-size 100 --bootstrap-server ${bootstrap} --command-config ${file}`.split(' ');
      const { stdout, stderr } = await client.namespace.run(
        'java',
        `-Djdk.net.hosts.file=${hosts}`,
        ...java(128, 'start'),
        main,
        ...args,
      );
      return stdout + stderr;
    };
    const [plain, scram, denied, wrong] = await Promise.all([
      perf('PLAIN', password, '--topic w --num-records 100 --throughput -1'),
      perf('SCRAM-SHA-256', password, '--topic w --num-records 1500 --throughput 100'),
      perf('SCRAM-SHA-256', password, '--topic r --num-records 2 --throughput -1', 'denied'),
      perf('PLAIN', 'wrong', '--topic w --num-records 2 --throughput -1'),
    ]);
    assert.match(plain, /^100 records sent/m);
    assert.match(scram, /^1500 records sent/m);
    assert.match(denied, /TopicAuthorizationException: Not authorized to access topics: \[r\]/);
    assert.match(wrong, /SaslAuthenticationException: Authentication failed: Invalid username or password/);
    const counts = authentications(await agent.flows(), `java-SCRAM-SHA-256-${password}`);
    assert.ok(Math.max(...counts) >= 3, `each connection authenticated ${counts.join()} times`);
  });

  await t.test('raw tokens, and TLS, are refused with their reason', async () => {
    const handshake = rawFrame(17, 0, Buffer.concat([Buffer.of(0, 5), Buffer.from('PLAIN')]));
    const code = `
      const socket = require('node:net').connect(${kafkaPort}, '${kafka.address[4]}');
      socket.write(Buffer.from('${handshake.toString('hex')}', 'hex'));
      socket.on('data', () => console.log('answered')).on('error', () => {}).on('close', () => console.log('closed'));`;
    assert.equal((await client.namespace.run(process.execPath, '-e', code)).stdout, 'closed\n');
    const tls = await kcat(client.namespace, bootstrap, 'tls', ['-X', 'security.protocol=ssl', '-L', '-m', '3']);
    assert.notEqual(tls.code, 0);
    const reasons = await eventually('both are recorded', async () => {
      const refused = (await agent.flows()).filter(({ reason }) => reason === 'tls' || reason === 'unknown-api');
      return refused.some(({ reason }) => reason === 'tls') ? refused : undefined;
    });
    assert.ok(reasons.some(({ reason, detail }) => reason === 'unknown-api' && detail === 'saslhandshake version 0'));
    assert.ok(reasons.some(({ reason, detail }) => reason === 'tls' && detail !== undefined && /TLS/.test(detail)));
  });
});
