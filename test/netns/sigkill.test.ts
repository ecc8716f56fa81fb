/** An agent that is killed fails closed, leaves its L3/L4 rules in force, and the next one adopts them. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { curl } from './curl.ts';
import { Load } from './load.ts';
import { Origin } from './origin.ts';
import { egressHttp, onlyPublic, policy } from './policies.ts';
import { agentOf, topologyOf } from './scene.ts';
import { families, url } from './topology.ts';

const l4 = policy(
  'web-l4',
  'web',
  '  egress:\n    - toEndpoints:\n        - matchLabels: {app: api}\n      toPorts:\n        - ports: [{port: "81", protocol: TCP}]\n',
);

test('after SIGKILL under load no denied request passes, L4 rules hold, and a new agent adopts', async (t) => {
  const topology = topologyOf(t);
  const [web, api] = [topology.routed('web'), topology.routed('api')];
  const [origin] = [await Origin.start(api.namespace, 80), await Origin.start(api.namespace, 81)];
  await Origin.start(api.namespace, 82);
  const agent = await agentOf(topology, {
    policies: { 'l4.yaml': l4, 'l7.yaml': egressHttp('web', 'api', 80, onlyPublic) },
    workloads: [web, api],
  });
  const load = new Load(web.namespace, {
    connections: 16,
    base: url(api.address[4], 80, ''),
    paths: ['/public/a', '/secret'],
  });
  await load.further('/secret', 403, 100);
  await agent.kill();

  for (const family of families) {
    const at = (port: number, path: string): string => url(api.address[family], port, path);
    const l7 = await curl(web.namespace, at(80, '/secret/after'), '--max-time', '2');
    assert.notEqual(l7.status, 200, `IPv${family}: a denied request does not pass without its agent`);
    assert.equal((await curl(web.namespace, at(81, '/l4'))).status, 200, `IPv${family}: an allowed port stays open`);
    const closed = await curl(web.namespace, at(82, '/l4'), '--max-time', '1');
    assert.equal(closed.status, 0, `IPv${family}: a closed port stays closed`);
  }
  await load.stop();
  assert.ok(!origin.seen.some(({ path }) => path.startsWith('/secret')), 'the origin saw no denied request');

  await agent.start();
  for (const family of families) {
    const at = (path: string): string => url(api.address[family], 80, path);
    assert.equal((await curl(web.namespace, at('/public/new'))).status, 200);
    assert.equal((await curl(web.namespace, at('/secret/new'))).status, 403);
  }
  assert.ok(!origin.seen.some(({ path }) => path.startsWith('/secret')));
  assert.equal(await agent.stop(), 0);
});

test('--leave-attached goes on to enforce after SIGTERM', async (t) => {
  const topology = topologyOf(t);
  const [web, api] = [topology.routed('web'), topology.routed('api')];
  await Origin.start(api.namespace, 81);
  await Origin.start(api.namespace, 82);
  const agent = await agentOf(topology, {
    policies: { 'l4.yaml': l4 },
    workloads: [web, api],
    args: ['--leave-attached'],
  });
  assert.equal(await agent.stop(), 0);
  assert.equal((await curl(web.namespace, url(api.address[4], 81, '/'))).status, 200);
  assert.equal((await curl(web.namespace, url(api.address[4], 82, '/'), '--max-time', '1')).status, 0);
});
