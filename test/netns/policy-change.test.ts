/** A changed policy file judges the next request of connections that are open, and fails none that it allows. */

import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { curl } from './curl.ts';
import { eventually } from './eventually.ts';
import { Load } from './load.ts';
import { Origin } from './origin.ts';
import { egressHttp } from './policies.ts';
import { agentOf, topologyOf } from './scene.ts';
import { url } from './topology.ts';

/** One after the other, as fast as they go; the long form has 1,000. */
const swaps = Number(process.env.POLICY_SWAPS ?? '20');
const always = '{method: GET, path: "/always"}';
const sometimes = '{method: GET, path: "/sometimes"}';

test('a policy that changes under load is in force on open connections, and no allowed request fails', async (t) => {
  const topology = topologyOf(t);
  const [web, api] = [topology.routed('web'), topology.routed('api')];
  await Origin.start(api.namespace, 80);
  const agent = await agentOf(topology, {
    policies: { 'p.yaml': egressHttp('web', 'api', 80, [always]) },
    workloads: [web, api],
  });
  const base = url(api.address[4], 80, '');
  // The kernel's all the time, and the proxy's from their first denied request on.
  const judged = new Load(web.namespace, { connections: 32, pauseMs: 20, base, paths: ['/always'] });
  const load = new Load(web.namespace, { connections: 32, pauseMs: 20, base, paths: ['/always', '/sometimes'] });
  await load.further('/sometimes', 403, 100);
  for (let round = 0; round < 3; round++) {
    await agent.changePolicy('p.yaml', egressHttp('web', 'api', 80, [always, sometimes]));
    await load.further('/sometimes', 200, 100);
    const opened = (await load.report()).statuses['/sometimes 403'];
    await load.further('/sometimes', 200, 100);
    assert.equal((await curl(web.namespace, `${base}/sometimes`)).status, 200, 'on a new connection, too');
    assert.equal((await load.report()).statuses['/sometimes 403'], opened, 'nothing is denied by the old rule');

    await agent.changePolicy('p.yaml', egressHttp('web', 'api', 80, [always]));
    await load.further('/sometimes', 403, 100);
    const closed = (await load.report()).statuses['/sometimes 200'];
    await load.further('/sometimes', 403, 100);
    assert.equal((await curl(web.namespace, `${base}/sometimes`)).status, 403, 'on a new connection, too');
    assert.equal((await load.report()).statuses['/sometimes 200'], closed, 'nothing is allowed by the old rule');
  }
  const { statuses, failures } = await load.stop();
  assert.deepEqual(failures, {});
  assert.equal(statuses['/always 403'], undefined);
  const { statuses: ofJudged, failures: judgedFailures } = await judged.stop();
  assert.deepEqual([Object.keys(ofJudged), judgedFailures], [['/always 200'], {}]);
});

test(`${swaps} changes in a row under load fail no allowed request and pass no denied one`, async (t) => {
  const topology = topologyOf(t);
  const [web, api] = [topology.routed('web'), topology.routed('api')];
  const origin = await Origin.start(api.namespace, 80);
  const agent = await agentOf(topology, {
    policies: { 'p.yaml': egressHttp('web', 'api', 80, [always]) },
    workloads: [web, api],
  });
  const load = { connections: 32, pauseMs: 20, base: url(api.address[4], 80, '') };
  const judged = new Load(web.namespace, { ...load, paths: ['/always'] });
  // 5 % denied.
  const mixed = [...Array.from({ length: 19 }, () => '/always'), '/never'];
  const proxied = new Load(web.namespace, { ...load, paths: mixed });
  await proxied.further('/never', 403, 32, 60_000);
  const { revision: first } = await agent.status();
  let last = first;
  for (let swap = 0; swap < swaps; swap++) {
    const rules = swap % 2 === 0 ? [sometimes, always] : [always];
    agent.writePolicy('p.yaml', egressHttp('web', 'api', 80, rules));
    ({ revision: last } = await agent.client.reload());
  }
  assert.ok(last >= first + swaps, 'each of them was in force');
  await proxied.further('/never', 403, 32, 60_000);
  const [ofJudged, ofProxied] = [await judged.stop(), await proxied.stop()];
  t.diagnostic(JSON.stringify({ swaps, judged: ofJudged.statuses, proxied: ofProxied.statuses }));
  assert.deepEqual([ofJudged.failures, ofProxied.failures], [{}, {}]);
  assert.deepEqual(Object.keys(ofJudged.statuses), ['/always 200']);
  assert.deepEqual(Object.keys(ofProxied.statuses).sort(), ['/always 200', '/never 403']);
  assert.ok(!origin.seen.some(({ path }) => path === '/never'), 'the origin saw no denied request');
});

test('a bad new file keeps the old policy in force and is reported, a good one ends the report', async (t) => {
  const topology = topologyOf(t);
  const [web, api] = [topology.routed('web'), topology.routed('api')];
  await Origin.start(api.namespace, 80);
  const agent = await agentOf(topology, {
    policies: { 'p.yaml': egressHttp('web', 'api', 80, [always]) },
    workloads: [web, api],
  });
  const load = new Load(web.namespace, { connections: 4, base: url(api.address[4], 80, ''), paths: ['/always'] });
  await load.further('/always', 200, 20);
  agent.writePolicy('p.yaml', egressHttp('web', 'api', 80, ['{method: GET, pathh: "/always"}']));
  const problem = await eventually('the problem is reported', async () => (await agent.status()).problems[0]);
  assert.match(`${problem.source}: ${problem.message}`, /p\.yaml:\d+:\d+.*pathh/);
  await load.further('/always', 200, 20);
  agent.writePolicy('p.yaml', egressHttp('web', 'api', 80, [always]));
  await eventually('the problem is gone', async () =>
    (await agent.status()).problems.length === 0 ? true : undefined,
  );
  const { failures, statuses } = await load.stop();
  assert.deepEqual(failures, {});
  assert.deepEqual(Object.keys(statuses), ['/always 200']);
});

test('a secret in a file of its own is exchanged, taken away and put back', async (t) => {
  const topology = topologyOf(t);
  const [web, api] = [topology.routed('web'), topology.routed('api')];
  await Origin.start(api.namespace, 80);
  const agent = await agentOf(topology, {
    policies: {
      'p.yaml': egressHttp('web', 'api', 80, ['{headerMatches: [{name: X-Token, secretFile: token}]}']),
      token: 'one\n',
    },
    workloads: [web, api],
  });
  const answers = async (token: string): Promise<number> =>
    (await curl(web.namespace, url(api.address[4], 80, '/'), '-H', `X-Token: ${token}`)).status;
  assert.deepEqual([await answers('one'), await answers('two')], [200, 403]);

  await agent.changePolicy('token', 'two\n');
  assert.deepEqual([await answers('one'), await answers('two')], [403, 200]);

  rmSync(join(agent.policyDirectory, 'token'));
  await eventually('its loss is a problem', async () => (await agent.status()).problems.length > 0 || undefined);
  assert.deepEqual([await answers('one'), await answers('two')], [403, 200], 'what was in force stays so');
  await agent.changePolicy('token', 'one\n');
  assert.deepEqual([await answers('one'), await answers('two')], [200, 403]);
});
