/** The server sees the client's own address and port, though the proxy stands between them. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { curl } from './curl.ts';
import { Origin } from './origin.ts';
import { egressHttp, ingressHttp, onlyPublic } from './policies.ts';
import { agentOf, topologyOf } from './scene.ts';
import { families, url } from './topology.ts';

for (const [where, text] of [
  ['client', egressHttp('web', 'api', 80, onlyPublic)],
  ['server', ingressHttp('api', 'web', 80, onlyPublic)],
] as const) {
  test(`ruled at the ${where}, the origin's log has the client's address and port`, async (t) => {
    const topology = topologyOf(t);
    const [web, api] = [topology.routed('web'), topology.routed('api')];
    const origin = await Origin.start(api.namespace, 80);
    // With the judge the kernel would pass these by itself, which proves nothing about the proxy.
    const agent = await agentOf(topology, {
      policies: { 'p.yaml': text },
      workloads: [web, api],
      args: ['--no-judge'],
    });
    for (const family of families) {
      const path = `/public/${family}`;
      const answer = await curl(web.namespace, url(api.address[family], 80, path));
      assert.equal(answer.status, 200);
      const seen = await origin.saw(path);
      assert.deepEqual([seen.address, seen.port], [web.address[family], answer.localPort]);
    }
    assert.equal((await agent.requests(2)).length, 2, 'the proxy judged both');
  });
}
