/** Where packets are lost, doubled, late and out of order, the judge passes what is allowed, and nothing else. */

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { BadWire, setMtu } from './bad-wire.ts';
import { mixedRequests } from './mixed.ts';
import { Origin } from './origin.ts';
import { ingressHttp } from './policies.ts';
import { agentOf, topologyOf } from './scene.ts';
import { url } from './topology.ts';

const connections = 16;
const requestsEach = 25;
/** A few of TCP's own time-outs in a row: 1 s and 2 s for a lost SYN, 0.2 s and more for the rest. */
const longestMs = 6_000;

const skip = existsSync('/dev/net/tun') ? false : 'kernel feature missing: tun';

// Packets are lost before they come to the tap, or after it.
for (const [bad, client, server] of [
  ['client', 1500, 1500],
  ['client', 576, 9000],
  ['server', 1500, 1500],
  ['server', 9000, 576],
] as const) {
  const name = `loss 1 %, reordering 5 %, doubles 2 %, 20 ms at the ${bad}, MTU ${client} to ${server}`;
  test(name, { skip }, async (t) => {
    const topology = topologyOf(t);
    const [web, api] = [topology.routed('web'), topology.routed('api')];
    setMtu(topology, web, client);
    setMtu(topology, api, server);
    const origin = await Origin.start(api.namespace, 80);
    const agent = await agentOf(topology, {
      policies: { 'p.yaml': ingressHttp('api', 'web', 80, ['{method: "GET|POST", path: "/public/.*"}']) },
      workloads: [web, api],
    });
    const [station, other] = bad === 'client' ? [web, api] : [api, web];
    const mtu = bad === 'client' ? client : server;
    const weather = { mtu, delay: 0.02, loss: 0.01, duplicate: 0.02, reorder: 0.05, seed: mtu };
    const wire = await BadWire.start(topology, station, other, weather);
    const asked = await mixedRequests(web.namespace, url(api.address[4], 80, ''), connections, requestsEach);
    const damage = await wire.end();
    const counters = (await agent.status()).counters;
    const longest = Math.max(...asked.map(({ ms }) => ms));
    t.diagnostic(`${JSON.stringify(damage)}; the longest request took ${Math.round(longest)} ms`);
    const takeovers = Object.entries(counters).filter(([counter]) =>
      /^(takeovers|closed)_|(held|beyond|mismatch|stream|malformed)_/.test(counter),
    );
    t.diagnostic(JSON.stringify(Object.fromEntries(takeovers)));

    assert.equal(asked.length, connections * requestsEach);
    const wrong = asked.filter((one) =>
      one.allowed ? !('right' in one && one.status === 200 && one.right) : !('status' in one && one.status === 403),
    );
    assert.deepEqual(wrong, []);
    const denied = new Set(asked.filter(({ allowed }) => !allowed).map(({ path }) => path));
    assert.deepEqual(
      origin.seen.filter(({ path }) => denied.has(path)),
      [],
      'a denied request passed',
    );
    assert.ok(damage.lost > 10 && damage.reordered > 50 && damage.duplicated > 20, 'the network is bad');
    assert.ok((counters.judged_requests ?? 0) > 100, 'the kernel judges');
    assert.ok((counters.takeovers_taken_over ?? 0) > 5, 'connections are taken over');
    assert.ok(longest < longestMs, `a request took ${longest} ms`);
  });
}
