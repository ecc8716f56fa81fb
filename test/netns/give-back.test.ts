/** What was taken over goes back to the kernel: after a while, and when the agent stops. Neither end notices. */

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { limits } from '../../src/limits.ts';
import type { Agent } from './agent.ts';
import { eventually } from './eventually.ts';
import { chunked, get, KeepAlive } from './keep-alive.ts';
import { Load } from './load.ts';
import type { Namespace } from './namespace.ts';
import { Origin } from './origin.ts';
import { egressHttp, ingressHttp } from './policies.ts';
import { agentOf, topologyOf } from './scene.ts';
import { families, type Station, url } from './topology.ts';

const allowed = ['{method: "GET|POST", path: "/public/.*"}'];

interface Scene {
  readonly web: Station;
  readonly api: Station;
  readonly origin: Origin;
  readonly agent: Agent;
}

async function sceneOf(t: TestContext, policy: string, args: readonly string[] = []): Promise<Scene> {
  const topology = topologyOf(t);
  const [web, api] = [topology.routed('web'), topology.routed('api')];
  const origin = await Origin.start(api.namespace, 80);
  const agent = await agentOf(topology, { policies: { 'p.yaml': policy }, workloads: [web, api], args });
  return { web, api, origin, agent };
}

/** Segments that the kernel of a namespace sent again. */
function retransmissions(namespace: Namespace): number {
  const [names, values] = namespace.runSync('grep', '^Tcp:', '/proc/net/snmp').trim().split('\n');
  return Number(values?.split(' ')[names?.split(' ').indexOf('RetransSegs') ?? -1]);
}

async function givenBack(agent: Agent, count: number): Promise<void> {
  await eventually(`${count} connections are given back`, async () =>
    (await agent.counter('closed_given_back')) >= count ? true : undefined,
  );
}

for (const family of families) {
  for (const [role, policy] of [
    ['client', egressHttp('web', 'api', 80, allowed)],
    ['server', ingressHttp('api', 'web', 80, allowed)],
  ] as const) {
    test(`IPv${family}, at the ${role}: taken over, given back, judged, taken over again`, async (t) => {
      const { web, api, agent, origin } = await sceneOf(t, policy);
      using client = await KeepAlive.connect(web.namespace, api.address[family], 80);
      assert.equal(await client.status(get('/public/1')), '200');
      for (let round = 1; round <= 2; round++) {
        assert.equal(await client.status(chunked('/public/odd')), '200');
        assert.equal(await agent.counter('takeovers_taken_over'), round);
        assert.equal(await client.status(get('/public/proxied')), '200');
        await givenBack(agent, round);
        const judged = await agent.counter('judged_requests');
        assert.equal(await client.status(get('/public/judged')), '200');
        assert.equal(await client.status(get('/public/judged')), '200');
        assert.equal(await agent.counter('judged_requests'), judged + 2, 'by the kernel');
        assert.equal(await agent.counter('takeovers_taken_over'), round);
      }
      assert.equal(await client.status(get('/secret')), '403');
      assert.equal(await client.status(get('/public/last')), '200');
      assert.equal(origin.seen.filter(({ path }) => path === '/secret').length, 0);
      assert.equal(new Set(origin.seen.map(({ port }) => port)).size, 1, 'one connection all the way');
      for (const { namespace } of [web, api]) assert.ok(retransmissions(namespace) <= 2, 'nothing was lost');
    });
  }
}

test('a connection that was denied once is not what its server knows: it stays with the proxy', async (t) => {
  const { web, api, agent } = await sceneOf(t, egressHttp('web', 'api', 80, allowed));
  using client = await KeepAlive.connect(web.namespace, api.address[4], 80);
  assert.equal(await client.status(get('/secret')), '403');
  const judged = await agent.counter('judged_requests');
  const until = Date.now() + 2 * limits.giveBackAfterMs;
  while (Date.now() < until) assert.equal(await client.status(get('/public/a')), '200');
  assert.equal(await agent.counter('closed_given_back'), 0);
  assert.equal(await agent.counter('judged_requests'), judged);
});

test('a busy connection goes back between two requests', async (t) => {
  const { web, api, agent } = await sceneOf(t, egressHttp('web', 'api', 80, allowed));
  const load = new Load(web.namespace, {
    connections: 16,
    base: url(api.address[4], 80, ''),
    paths: ['/public/a'],
    opening: '/public/odd?chunked',
  });
  await load.further('/public/odd?chunked', 200, 16);
  await givenBack(agent, 16);
  const judged = await agent.counter('judged_requests');
  await load.further('/public/a', 200, 500);
  assert.ok((await agent.counter('judged_requests')) > judged + 400);
  const { failures } = await load.stop();
  assert.deepEqual(failures, {});
  assert.equal(await agent.counter('takeovers_taken_over'), 16);
  for (const { namespace } of [web, api]) assert.ok(retransmissions(namespace) <= 32, 'nothing was lost');
});

for (const args of [[], ['--leave-attached']]) {
  test(`an agent that stops gives back what it has ${args.join('')}`, async (t) => {
    const { web, api, agent } = await sceneOf(t, egressHttp('web', 'api', 80, allowed), args);
    using idle = await KeepAlive.connect(web.namespace, api.address[6], 80);
    using denied = await KeepAlive.connect(web.namespace, api.address[4], 80);
    assert.equal(await denied.status(get('/secret')), '403');
    const load = new Load(web.namespace, {
      connections: 16,
      base: url(api.address[4], 80, ''),
      paths: ['/public/a'],
      opening: '/public/odd?chunked',
    });
    await load.further('/public/odd?chunked', 200, 16);
    assert.equal(await idle.status(chunked('/public/idle')), '200');
    assert.equal(await agent.stop(), 0);
    await load.further('/public/a', 200, 500);
    const { failures } = await load.stop();
    assert.deepEqual(failures, {});
    assert.equal(await idle.status(get('/public/idle')), '200');
    assert.match(await denied.ask(get('/public/a')), /^(closed|ECONNRESET|EPIPE)$/, 'its server knows other numbers');
    if (args.length > 0) {
      await agent.start();
      assert.equal(await idle.status(get('/secret')), '403', 'the next agent takes it over');
    }
  });
}
