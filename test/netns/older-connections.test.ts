/** A connection that is older than its rule, or than the agent: reset, so that its client connects anew, and never passed. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Load } from './load.ts';
import { Origin } from './origin.ts';
import { egressHttp, onlyPublic } from './policies.ts';
import { agentOf, topologyOf } from './scene.ts';
import { url } from './topology.ts';

for (const args of [[], ['--no-judge']]) {
  test(`connections that were opened without the agent begin anew under its rules ${args.join()}`, async (t) => {
    const topology = topologyOf(t);
    const [web, api] = [topology.routed('web'), topology.routed('api')];
    const origin = await Origin.start(api.namespace, 80);
    const load = new Load(web.namespace, {
      connections: 8,
      base: url(api.address[4], 80, ''),
      paths: ['/public/a', '/secret'],
    });
    await load.further('/secret', 200, 50);
    await agentOf(topology, {
      policies: { 'p.yaml': egressHttp('web', 'api', 80, onlyPublic) },
      workloads: [web, api],
      args,
    });
    await load.further('/secret', 403, 50);
    const passed = origin.seen.filter(({ path }) => path === '/secret').length;
    await load.further('/public/a', 200, 50);
    await load.further('/secret', 403, 50);
    const { failures } = await load.stop();
    assert.equal(origin.seen.filter(({ path }) => path === '/secret').length, passed, 'none passes any more');
    // Each of the eight was reset at most once, with the request that was under way.
    const failed = Object.values(failures).reduce((sum, count) => sum + count, 0);
    assert.ok(failed <= 8, JSON.stringify(failures));
  });
}
