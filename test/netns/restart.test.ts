/**
 * An agent that ends and another that starts later: judged connections need neither in between. No request on them that is
 * allowed fails, none that is denied passes; a held one waits for its answer. Proxied connections end, and nothing else.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Load, type LoadReport } from './load.ts';
import { Origin } from './origin.ts';
import { egressHttp, onlyPublic } from './policies.ts';
import { agentOf, topologyOf } from './scene.ts';
import { url } from './topology.ts';

/** The long form has 20. */
const rounds = Number(process.env.RESTARTS ?? '3');
const allowed = Array.from({ length: 19 }, (_, number) => `/public/${number}`);
/** 5 % denied. */
const mixed = [...allowed, '/secret'];

/** A held request is answered once there is an agent and TCP has sent it again: it waits up to 120 s between two times. */
const answeredMs = 180_000;

/** Requests that got no answer, by why. */
function failuresOf({ failures }: LoadReport): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const [what, count] of Object.entries(failures)) {
    const why = what.slice(what.indexOf(' ') + 1);
    sums[why] = (sums[why] ?? 0) + count;
  }
  return sums;
}

for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
  test(`${rounds} times ${signal} and start under load`, async (t) => {
    const topology = topologyOf(t);
    const [web, api] = [topology.routed('web'), topology.routed('api')];
    const origin = await Origin.start(api.namespace, 80);
    const agent = await agentOf(topology, {
      policies: { 'p.yaml': egressHttp('web', 'api', 80, onlyPublic) },
      workloads: [web, api],
      args: ['--leave-attached'],
    });
    const base = url(api.address[4], 80, '');
    const common = { base, pauseMs: 20, timeoutMs: answeredMs };
    const judged = new Load(web.namespace, { ...common, connections: 32, paths: allowed });
    const held = new Load(web.namespace, { ...common, connections: 32, paths: mixed });
    await held.further('/secret', 403, 32, answeredMs);
    for (let round = 0; round < rounds; round++) {
      if (signal === 'SIGTERM') assert.equal(await agent.stop(), 0);
      else await agent.kill();
      await judged.further('/public/0', 200, 32, answeredMs);
      await agent.start();
      await judged.further('/public/0', 200, 32, answeredMs);
      await held.further('/secret', 403, 32, answeredMs);
    }
    const [ofJudged, ofHeld] = [await judged.stop(), await held.stop(answeredMs)];
    t.diagnostic(JSON.stringify({ signal, judged: sum(ofJudged.statuses), held: ofHeld.statuses['/secret 403'] }));
    t.diagnostic(JSON.stringify({ ended: failuresOf(ofHeld), counters: (await agent.status()).counters }));
    assert.deepEqual(ofJudged.failures, {}, 'no request on a connection without denied ones fails');
    assert.deepEqual(Object.keys(ofJudged.statuses).sort(), allowed.map((path) => `${path} 200`).sort());
    assert.equal(ofHeld.statuses['/secret 200'], undefined);
    assert.ok(!origin.seen.some(({ path }) => path === '/secret'), 'the origin saw no denied request');
    const ended = Object.keys(failuresOf(ofHeld)).filter((why) => !['ECONNRESET', 'EPIPE', 'aborted'].includes(why));
    assert.deepEqual(ended, [], 'a proxied connection ends, and its client hears of it at once');
    assert.equal(await agent.stop(), 0);
  });
}

function sum(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((total, count) => total + count, 0);
}
