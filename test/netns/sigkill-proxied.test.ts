/**
 * An agent that is killed while answers are on their way through its proxy: both ends are reset at once. An end of the stream
 * would tell a client that it has the whole answer, where nothing but that end says so.
 */

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { eventually } from './eventually.ts';
import { type Lines, linesOfScript } from './lines.ts';
import { ingressHttp, onlyPublic } from './policies.ts';
import { agentOf, topologyOf } from './scene.ts';
import type { Family } from './topology.ts';
import { WireWatch } from './wire-watch.ts';

const connections = 8;

async function has(what: string, lines: Lines, line: string, count: number): Promise<void> {
  const found = (): number => lines.all.filter((one) => one === line).length;
  await eventually(what, () => (found() >= count ? true : undefined));
}

async function killInTheMiddle(t: TestContext, family: Family, args: readonly string[]): Promise<void> {
  const topology = topologyOf(t);
  const [web, api] = [topology.routed('web'), topology.routed('api')];
  const agent = await agentOf(topology, {
    policies: { 'p.yaml': ingressHttp('api', 'web', 80, onlyPublic) },
    workloads: [web, api],
    args,
  });
  const server = linesOfScript(api.namespace, 'half-answer-origin.ts', '80');
  await has('the server listens', server, 'listening', 1);
  const client = linesOfScript(web.namespace, 'half-answer-client.ts', api.address[family], '80', String(connections));
  await has('half of each answer has come', client, 'half', connections);
  const watches = [await WireWatch.start(web.namespace, 80), await WireWatch.start(api.namespace, 80)];

  await agent.kill();
  await has('the clients hear of it', client, 'ECONNRESET', connections);
  await has('the server hears of it', server, 'ECONNRESET', connections);
  for (const watch of watches) {
    const resets = await eventually('the resets are seen', () =>
      watch.arrived.length >= connections ? watch.arrived : undefined,
    );
    assert.deepEqual(
      resets.map(({ flags, length }) => `${flags} ${length}`),
      Array.from({ length: connections }, () => 'RA 0'),
      'one reset a connection, and nothing else',
    );
  }
  await agent.start();
  assert.equal(await agent.counter('reset_packets'), 2 * connections);
}

test('IPv4: taken over', (t) => killInTheMiddle(t, 4, []));
test('IPv6: proxied from the first segment on', (t) => killInTheMiddle(t, 6, ['--no-judge']));
