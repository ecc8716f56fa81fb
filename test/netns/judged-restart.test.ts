/** Judged connections need no agent: they outlive its end and its return, and no request that is allowed fails. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Load } from './load.ts';
import { Origin } from './origin.ts';
import { egressHttp, onlyPublic } from './policies.ts';
import { agentOf, topologyOf } from './scene.ts';
import { url } from './topology.ts';

test('allowed requests on judged connections go on through SIGKILL and start, three times', async (t) => {
  const topology = topologyOf(t);
  const [web, api] = [topology.routed('web'), topology.routed('api')];
  await Origin.start(api.namespace, 80);
  const agent = await agentOf(topology, {
    policies: { 'p.yaml': egressHttp('web', 'api', 80, onlyPublic) },
    workloads: [web, api],
  });
  const load = new Load(web.namespace, { connections: 32, base: url(api.address[4], 80, ''), paths: ['/public/a'] });
  await load.further('/public/a', 200, 500);
  for (let round = 0; round < 3; round++) {
    await agent.kill();
    await load.further('/public/a', 200, 500);
    await agent.start();
    await load.further('/public/a', 200, 500);
  }
  const { failures, statuses } = await load.stop();
  assert.deepEqual(failures, {});
  assert.deepEqual(Object.keys(statuses), ['/public/a 200']);
  assert.equal(await agent.counter('takeovers_taken_over'), 0, 'the proxy had no part in it');
  assert.equal(await agent.stop(), 0);
});
