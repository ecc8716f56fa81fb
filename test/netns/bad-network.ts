/** Allowed and denied requests over a network where packets are lost, doubled, late and out of order, on either side of the tap. */

import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { BadWire, setMtu } from './bad-wire.ts';
import { mixedRequests } from './mixed.ts';
import { Origin } from './origin.ts';
import { ingressHttp } from './policies.ts';
import { agentOf, topologyOf } from './scene.ts';
import { type Family, url } from './topology.ts';

export interface BadNetwork {
  /** Where it is bad: packets are lost before they come to the tap, or behind it. */
  readonly bad: 'client' | 'server';
  /** MTU of either end's interface, bytes. */
  readonly client: number;
  readonly server: number;
  readonly family: Family;
}

export interface Load {
  readonly connections: number;
  readonly requestsEach: number;
  /** No request takes as long, ms. */
  readonly longestMs: number;
}

export function describeNetwork({ bad, client, server, family }: BadNetwork): string {
  return `IPv${family}, loss 1 %, reordering 5 %, doubles 2 %, 20 ms at the ${bad}, MTU ${client} to ${server}`;
}

/** All allowed requests are answered right and in time, no denied one passes, takeovers included. */
export async function askOverBadNetwork(t: TestContext, network: BadNetwork, load: Load): Promise<void> {
  const { bad, family } = network;
  const topology = topologyOf(t);
  const [web, api] = [topology.routed('web'), topology.routed('api')];
  setMtu(topology, web, network.client);
  setMtu(topology, api, network.server);
  const origin = await Origin.start(api.namespace, 80);
  const agent = await agentOf(topology, {
    policies: { 'p.yaml': ingressHttp('api', 'web', 80, ['{method: "GET|POST", path: "/public/.*"}']) },
    workloads: [web, api],
  });
  const [station, other] = bad === 'client' ? [web, api] : [api, web];
  const mtu = bad === 'client' ? network.client : network.server;
  const seed = Date.now() % 2 ** 31;
  const weather = { mtu, delay: 0.02, loss: 0.01, duplicate: 0.02, reorder: 0.05, seed, family };
  const wire = await BadWire.start(topology, station, other, weather);
  const base = url(api.address[family], 80, '');
  const asked = await mixedRequests(web.namespace, base, load.connections, load.requestsEach);
  const damage = await wire.end();
  const counters = (await agent.status()).counters;
  const longest = Math.max(...asked.map(({ ms }) => ms));
  t.diagnostic(`${JSON.stringify(damage)}, seed ${seed}; the longest request took ${Math.round(longest)} ms`);
  const told = Object.entries(counters).filter(([counter]) =>
    /^(takeovers|closed)_|(held|beyond|mismatch|stream)_/.test(counter),
  );
  t.diagnostic(JSON.stringify(Object.fromEntries(told)));

  const count = load.connections * load.requestsEach;
  assert.equal(asked.length, count);
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
  const { lost, reordered, duplicated, packets } = damage;
  assert.ok(lost > packets / 200 && reordered > packets / 40 && duplicated > packets / 100, 'the network is bad');
  assert.ok((counters.judged_requests ?? 0) > count / 4, 'the kernel judges');
  assert.ok((counters.takeovers_taken_over ?? 0) >= load.connections / 2, 'connections are taken over');
  assert.ok(longest < load.longestMs, `a request took ${longest} ms`);
}
