/** A client that does not wait for the answer to an upload (RFC 9112 section 9.3.2): the kernel parts what it sent in one. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Origin } from './origin.ts';
import { ingressHttp } from './policies.ts';
import { agentOf, topologyOf } from './scene.ts';
import { families } from './topology.ts';

const client = fileURLToPath(new URL('cold-start-client.ts', import.meta.url));
const connections = 3;

test('a request behind an upload is judged, and taken over where it is denied', async (t) => {
  const topology = topologyOf(t);
  const [web, api] = [topology.routed('web'), topology.routed('api')];
  const origin = await Origin.start(api.namespace, 80);
  const agent = await agentOf(topology, {
    policies: { 'p.yaml': ingressHttp('api', 'web', 80, ['{method: "GET|POST", path: "/public/.*"}']) },
    workloads: [web, api],
  });
  for (const kind of ['an allowed request behind an upload', 'a denied request behind an upload']) {
    for (const family of families) {
      const asked = [client, api.address[family], '80', kind, String(connections)];
      const { stdout, stderr } = await web.namespace.run(process.execPath, ...asked);
      assert.equal(stdout.trim(), String(connections), `IPv${family}, ${kind}: ${stderr}`);
    }
  }
  assert.ok(!origin.seen.some(({ path }) => path.startsWith('/secret')));
  // Of each connection the first one and the upload, and of half of them the last one.
  assert.equal(await agent.counter('judged_requests'), connections * families.length * (3 + 2));
  assert.equal(await agent.counter('takeovers_taken_over'), connections * families.length);
  assert.equal(await agent.counter('takeovers_abandoned'), 0);
});
