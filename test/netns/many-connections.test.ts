/** 2,000 connections at the same time through the proxy, each judged for itself. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Load } from './load.ts';
import { Origin } from './origin.ts';
import { egressHttp, onlyPublic } from './policies.ts';
import { agentOf, topologyOf } from './scene.ts';
import { families, url } from './topology.ts';

const connections = 2000;

for (const family of families) {
  test(`IPv${family}: ${connections} concurrent connections, allowed and denied requests on each`, async (t) => {
    const topology = topologyOf(t);
    const [web, api] = [topology.routed('web'), topology.routed('api')];
    await Origin.start(api.namespace, 80);
    const agent = await agentOf(topology, {
      policies: { 'p.yaml': egressHttp('web', 'api', 80, onlyPublic) },
      workloads: [web, api],
      args: ['--no-judge'],
    });
    const load = new Load(web.namespace, {
      connections,
      base: url(api.address[family], 80, ''),
      paths: ['/public/a', '/secret'],
      requestsEach: 4,
    });
    const { statuses, failures } = await load.end(90_000);
    assert.deepEqual(failures, {});
    assert.deepEqual(statuses, { '/public/a 200': connections * 2, '/secret 403': connections * 2 });
    t.diagnostic(`resident memory of the agent: ${Math.round(agent.residentBytes() / 1024 ** 2)} MiB`);
  });
}
