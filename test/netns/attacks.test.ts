/**
 * Crafted packets from a raw socket against a server behind a tap: whatever is sent, the server sees no byte of a request
 * that is not allowed, and TCP that is merely unusual works.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { attackCases } from './attack/cases.ts';
import { forbidden, play, portOf, RawOrigin, silence } from './attack/scene.ts';
import { eventually } from './eventually.ts';
import { egressHttp, ingressHttp } from './policies.ts';
import { agentOf, topologyOf } from './scene.ts';

const rules = ['{method: GET, path: "/public/.*"}', '{method: POST, path: "/public/.*"}'];

const setups = [
  { where: 'client', policy: egressHttp('web', 'api', 80, rules), family: 4 },
  { where: 'client', policy: egressHttp('web', 'api', 80, rules), family: 6 },
  { where: 'server', policy: ingressHttp('api', 'web', 80, rules), family: 4 },
] as const;

for (const { where, policy, family } of setups) {
  test(`IPv${family}, ruled at the ${where}: no crafted packet carries what is not allowed`, async (t) => {
    const topology = topologyOf(t);
    const [web, api] = [topology.routed('web'), topology.routed('api')];
    // A window that a test can close.
    api.namespace.sysctl('net.ipv4.tcp_rmem', '4096 16384 16384');
    const origin = await RawOrigin.start(api.namespace, 80);
    silence(web, 80);
    await agentOf(topology, { policies: { 'rule.yaml': policy }, workloads: [web, api] });
    const played = await play(topology, web, api, family, 80, attackCases);
    await eventually(
      'the server has seen the last case',
      () => origin.sawPort(portOf(attackCases.length - 1)) || undefined,
    );
    const missed = played.filter(({ failed }) => failed !== null);
    assert.deepEqual({ missed, seen: forbidden(attackCases, origin) }, { missed: [], seen: [] });
  });
}
