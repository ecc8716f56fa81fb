/**
 * Crafted packets from a raw socket against a server behind a tap: whatever is sent, the server sees no byte of a request
 * that is not allowed, and TCP that is merely unusual works.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { attackCases } from './attack/cases.ts';
import { forbidden, noOffload, play, portOf, RawOrigin, silence } from './attack/scene.ts';
import { eventually } from './eventually.ts';
import { egressHttp, ingressHttp } from './policies.ts';
import { agentOf, topologyOf } from './scene.ts';

const rules = ['{method: GET, path: "/public/.*"}', '{method: POST, path: "/public/.*"}'];

const setups = [
  { name: 'IPv4, ruled at the client', client: 'web4', server: 'api4', ruled: 'client', family: 4 },
  { name: 'IPv6, ruled at the client', client: 'web6', server: 'api6', ruled: 'client', family: 6 },
  { name: 'IPv4, ruled at the server', client: 'peer4', server: 'store4', ruled: 'server', family: 4 },
  { name: 'IPv6, ruled at the server', client: 'peer6', server: 'store6', ruled: 'server', family: 6 },
] as const;

test('no crafted packet carries what is not allowed', async (t) => {
  const topology = topologyOf(t);
  const scenes = [];
  for (const setup of setups) {
    const [client, server] = [topology.routed(setup.client), topology.routed(setup.server)];
    // A window that a test can close.
    server.namespace.sysctl('net.ipv4.tcp_rmem', '4096 16384 16384');
    noOffload(topology.host, `v-${server.name}`);
    silence(client, 80);
    scenes.push({ ...setup, client, server, origin: await RawOrigin.start(server.namespace, 80) });
  }
  const policies = scenes.map(({ client, server, ruled }) =>
    ruled === 'client'
      ? egressHttp(client.name, server.name, 80, rules)
      : ingressHttp(server.name, client.name, 80, rules),
  );
  const agent = await agentOf(topology, {
    policies: Object.fromEntries(policies.map((text, index) => [`${index}.yaml`, text])),
    workloads: scenes.flatMap(({ client, server }) => [client, server]),
  });

  const results = await Promise.all(
    scenes.map(async ({ client, server, family, origin }) => {
      const played = await play(topology, client, server, family, 80, attackCases);
      const last = portOf(attackCases.length - 1);
      await eventually('the server has seen the last case', () => origin.sawPort(last) || undefined);
      return { missed: played.filter(({ failed }) => failed !== null), seen: forbidden(attackCases, origin) };
    }),
  );
  for (const [index, { name }] of setups.entries()) {
    await t.test(name, () => assert.deepEqual(results[index], { missed: [], seen: [] }));
  }
  // Both of a judged connection's ways were taken.
  const { judged_requests: judged, takeovers_taken_over: taken } = (await agent.status()).counters;
  assert.ok(
    Number(judged) > attackCases.length && Number(taken) > attackCases.length,
    `${judged} judged, ${taken} taken over`,
  );
});
