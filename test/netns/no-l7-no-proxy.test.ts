/** Traffic without an L7 rule never enters the proxy: the kernel's own counter of diverted packets proves it. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { curl } from './curl.ts';
import { Origin } from './origin.ts';
import { egressHttp, onlyPublic, policy } from './policies.ts';
import { agentOf, topologyOf } from './scene.ts';
import { families, url } from './topology.ts';

test('L4-only flows and flows of open endpoints are not diverted; an L7 flow is', async (t) => {
  const topology = topologyOf(t);
  const [web, api, open] = [topology.routed('web'), topology.routed('api'), topology.routed('open')];
  await Origin.start(api.namespace, 80);
  await Origin.start(api.namespace, 81);
  const l4 = policy(
    'web-l4',
    'web',
    '  egress:\n    - toEndpoints:\n        - matchLabels: {app: api}\n      toPorts:\n        - ports: [{port: "81", protocol: TCP}]\n',
  );
  const agent = await agentOf(topology, {
    policies: { 'l4.yaml': l4, 'l7.yaml': egressHttp('web', 'api', 80, onlyPublic) },
    workloads: [web, api, open],
    args: ['--no-judge'],
  });
  const diverted = async (): Promise<number> => agent.counter('diverted_packets');
  for (const family of families) {
    const before = await diverted();
    assert.equal((await curl(web.namespace, url(api.address[family], 81, '/any/bytes/1000000'))).status, 200);
    assert.equal((await curl(open.namespace, url(api.address[family], 80, '/any'))).status, 200);
    assert.equal(await diverted(), before, `IPv${family}: not a packet more`);
    assert.equal((await curl(web.namespace, url(api.address[family], 80, '/public/x'))).status, 200);
    assert.ok((await diverted()) > before, `IPv${family}: the counter counts`);
  }
});
