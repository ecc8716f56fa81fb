/**
 * The network set-ups that containers live in: the tap works in each, without a change to it. In each a keep-alive
 * connection is judged by the kernel, taken over with a denied request, and goes on in the proxy.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Agent } from './agent.ts';
import { eventually } from './eventually.ts';
import type { Namespace } from './namespace.ts';
import { Origin } from './origin.ts';
import { egressHttp, httpTo, ingressHttp, onlyPublic } from './policies.ts';
import { agentOf, topologyOf } from './scene.ts';
import { families, url } from './topology.ts';

/** What curl said of each of these requests, which it sends over one connection, and by how many connections it did. */
async function overOneConnection(
  client: Namespace,
  urls: readonly string[],
): Promise<{ statuses: number[]; connections: number }> {
  const options = ['--silent', '--globoff', '--noproxy', '*', '--max-time', '10', '--path-as-is'];
  const outputs = urls.flatMap(() => ['--output', '/dev/null']);
  const format = String.raw`%{http_code} %{num_connects}\n`;
  const { stdout } = await client.run('curl', ...options, ...outputs, '--write-out', format, ...urls);
  const lines = stdout
    .trim()
    .split('\n')
    .map((line) => line.split(' ').map(Number));
  return {
    statuses: lines.map(([status]) => status ?? 0),
    connections: lines.reduce((sum, [, connects]) => sum + (connects ?? 0), 0),
  };
}

/**
 * Allowed, allowed, denied, allowed on one connection: the kernel judges two, the third is taken over, the proxy goes on.
 * The origin must see the allowed ones, and not the other.
 * @param taps how many judge the connection
 */
async function judgedAndTakenOver(
  agent: Agent,
  client: Namespace,
  base: string,
  origin: Origin,
  taps = 1,
): Promise<void> {
  await eventually(
    'the kernel has its tables',
    async () => (await agent.counter('rule_sets_compiling')) === 0 || undefined,
  );
  const before = await agent.status();
  const unique = `${origin.seen.length}`;
  const paths = [`/public/a${unique}`, `/public/b${unique}`, `/secret/${unique}`, `/public/c${unique}`];
  const { statuses, connections } = await overOneConnection(
    client,
    paths.map((path) => base + path),
  );
  assert.deepEqual(statuses, [200, 200, 403, 200], base);
  assert.equal(connections, 1, 'neither end notices the takeover');
  for (const path of [paths[0], paths[1], paths[3]]) await origin.saw(path ?? '');
  assert.ok(!origin.seen.some(({ path }) => path.startsWith('/secret')));
  const grown = async (counter: string): Promise<number> =>
    (await agent.counter(counter)) - (before.counters[counter] ?? 0);
  assert.ok((await grown('judged_requests')) >= 2 * taps, 'the kernel judged the first two');
  await eventually('the takeover is counted', async () => (await grown('takeovers_taken_over')) > 0 || undefined);
  assert.equal(await grown('takeovers_failed'), 0);
}

test('two containers on one bridge, ruled at the client and at the server', async (t) => {
  const topology = topologyOf(t);
  const [b1, b2, b3] = [topology.bridged('b1'), topology.bridged('b2'), topology.bridged('b3')];
  const origin = await Origin.start(b2.namespace, 80);
  const agent = await agentOf(topology, {
    policies: {
      'egress.yaml': egressHttp('b1', 'b2', 80, onlyPublic),
      'ingress.yaml': [ingressHttp('b2', 'b3', 80, onlyPublic), ingressHttp('b2', 'b1', 80, onlyPublic)].join('---\n'),
    },
    workloads: [b1, b2, b3],
  });
  for (const family of families) {
    await judgedAndTakenOver(agent, b1.namespace, url(b2.address[family], 80, ''), origin, 2);
    await judgedAndTakenOver(agent, b3.namespace, url(b2.address[family], 80, ''), origin);
  }
});

test('a container on a bridge and a routed one', async (t) => {
  const topology = topologyOf(t);
  const [b1, api] = [topology.bridged('b1'), topology.routed('api')];
  const origin = await Origin.start(api.namespace, 80);
  const agent = await agentOf(topology, {
    policies: { 'egress.yaml': egressHttp('b1', 'api', 80, onlyPublic) },
    workloads: [b1, api],
  });
  for (const family of families)
    await judgedAndTakenOver(agent, b1.namespace, url(api.address[family], 80, ''), origin);
});

test('a host process is a client of a container', async (t) => {
  const topology = topologyOf(t);
  const api = topology.routed('api');
  const origin = await Origin.start(api.namespace, 80);
  const agent = await agentOf(topology, {
    policies: { 'p.yaml': httpTo('api', 'ingress', 'fromEntities: [host]', 80, onlyPublic) },
    workloads: [api],
  });
  for (const family of families)
    await judgedAndTakenOver(agent, topology.host, url(api.address[family], 80, ''), origin);
});

test('a container is a client of a host process', async (t) => {
  const topology = topologyOf(t);
  const web = topology.routed('web');
  const origin = await Origin.start(topology.host, 9080);
  const agent = await agentOf(topology, {
    policies: { 'p.yaml': httpTo('web', 'egress', 'toEntities: [host]', 9080, onlyPublic) },
    workloads: [web],
  });
  const gateway = { 4: '10.77.1.1', 6: 'fd77:1::1' };
  for (const family of families) await judgedAndTakenOver(agent, web.namespace, url(gateway[family], 9080, ''), origin);
});

test('a container reaches a routed network', async (t) => {
  const topology = topologyOf(t);
  const [web, lan] = [topology.routed('web'), topology.lan()];
  const origin = await Origin.start(lan.namespace, 80);
  const agent = await agentOf(topology, {
    policies: { 'p.yaml': httpTo('web', 'egress', 'toCIDR: ["10.79.0.0/16", "fd79::/16"]', 80, onlyPublic) },
    workloads: [web],
  });
  for (const family of families)
    await judgedAndTakenOver(agent, web.namespace, url(lan.address[family], 80, ''), origin);
});

test('a container reaches the outside through MASQUERADE', async (t) => {
  const topology = topologyOf(t);
  const [web, outside] = [topology.routed('web'), topology.outside()];
  const origin = await Origin.start(outside.namespace, 80);
  const agent = await agentOf(topology, {
    policies: { 'p.yaml': httpTo('web', 'egress', 'toEntities: [world]', 80, onlyPublic) },
    workloads: [web],
  });
  for (const family of families) {
    await judgedAndTakenOver(agent, web.namespace, url(outside.address[family], 80, ''), origin);
    assert.ok(
      origin.seen.some(({ address }) => address === outside.hostAddress[family]),
      'NAT is at work',
    );
  }
});

test('a published port (DNAT) leads to a container', async (t) => {
  const topology = topologyOf(t);
  const [api, outside] = [topology.routed('api'), topology.outside()];
  topology.publish(8080, api, 80);
  const origin = await Origin.start(api.namespace, 80);
  const agent = await agentOf(topology, {
    policies: { 'p.yaml': httpTo('api', 'ingress', 'fromEntities: [world]', 80, onlyPublic) },
    workloads: [api],
  });
  for (const family of families) {
    await judgedAndTakenOver(agent, outside.namespace, url(outside.hostAddress[family], 8080, ''), origin);
    assert.ok(
      origin.seen.some(({ address }) => address === outside.address[family]),
      'the client is seen as itself',
    );
  }
});
