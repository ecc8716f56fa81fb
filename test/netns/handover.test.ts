/** A new agent takes over from a running one: under load no allowed request fails, and no denied one passes. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { curl } from './curl.ts';
import { Load } from './load.ts';
import { Origin } from './origin.ts';
import { egressHttp, onlyPublic } from './policies.ts';
import { agentOf, topologyOf } from './scene.ts';
import { url } from './topology.ts';

/** The long form: `HANDOVERS=20`. */
const rounds = Number(process.env.HANDOVERS ?? '3');
const metrics = '127.0.0.1:9464';
/** Slow machines are slow; what waits longer is lost. */
const answeredMs = 120_000;
/** 5 % denied. */
const paths = [...Array.from({ length: 19 }, (_, number) => `/public/${number}`), '/secret'];

for (const args of [[], ['--no-judge']]) {
  test(`${rounds} take-overs under load ${args.join()}`, async (t) => {
    const topology = topologyOf(t);
    const [web, api] = [topology.routed('web'), topology.routed('api')];
    const origin = await Origin.start(api.namespace, 80);
    const agent = await agentOf(topology, {
      policies: { 'p.yaml': egressHttp('web', 'api', 80, onlyPublic) },
      workloads: [web, api],
      args: ['--metrics', metrics, ...args],
    });
    const load = new Load(web.namespace, {
      connections: 64,
      base: url(api.address[4], 80, ''),
      paths,
      pauseMs: 20,
      timeoutMs: answeredMs,
    });
    await load.further('/secret', 403, 64, answeredMs);
    for (let round = 0; round < rounds; round++) {
      const begun = performance.now();
      // More workers than the agent before had listeners, and fewer.
      assert.equal(await agent.handOver('--workers', `${1 + (round % 3)}`), 0);
      t.diagnostic(`take-over ${round}: ${Math.round(performance.now() - begun)} ms`);
      await load.further('/secret', 403, 64, answeredMs);
    }
    const { statuses, failures } = await load.stop(answeredMs);
    t.diagnostic(
      JSON.stringify({ requests: Object.values(statuses).reduce((sum, count) => sum + count, 0), failures }),
    );
    assert.deepEqual(failures, {});
    const expected = paths.map((path) => `${path} ${path === '/secret' ? 403 : 200}`);
    assert.deepEqual(Object.keys(statuses).sort(), expected.sort());
    assert.ok(!origin.seen.some(({ path }) => path === '/secret'), 'the origin saw no denied request');
    assert.equal((await curl(topology.host, `http://${metrics}/metrics`)).status, 200, 'the address went along');
    assert.equal(await agent.stop(), 0);
  });
}
