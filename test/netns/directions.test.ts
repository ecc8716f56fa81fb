/** A flow is judged where a rule selects an endpoint: at the client, at the server, or at both. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { curl } from './curl.ts';
import { Origin } from './origin.ts';
import { egressHttp, ingressHttp } from './policies.ts';
import { agentOf, topologyOf } from './scene.ts';
import { families, url } from './topology.ts';

const egress = egressHttp('web', 'api', 80, ['{method: GET, path: "/(both|client)/.*"}']);
const ingress = ingressHttp('api', 'web', 80, ['{method: GET, path: "/(both|server)/.*"}']);

const cases = [
  { name: 'client', policies: { 'egress.yaml': egress }, statuses: { both: 200, client: 200, server: 403, none: 403 } },
  {
    name: 'server',
    policies: { 'ingress.yaml': ingress },
    statuses: { both: 200, client: 403, server: 200, none: 403 },
  },
  {
    name: 'both',
    policies: { 'egress.yaml': egress, 'ingress.yaml': ingress },
    statuses: { both: 200, client: 403, server: 403, none: 403 },
  },
];

for (const { name, policies, statuses } of cases) {
  test(`ruled at: ${name}`, async (t) => {
    const topology = topologyOf(t);
    const [web, api, other] = [topology.routed('web'), topology.routed('api'), topology.routed('other')];
    const origin = await Origin.start(api.namespace, 80);
    await agentOf(topology, { policies, workloads: [web, api, other] });
    for (const family of families) {
      for (const [path, status] of Object.entries(statuses)) {
        const target = `/${path}/${family}`;
        const answer = await curl(web.namespace, url(api.address[family], 80, target));
        assert.equal(answer.status, status, `IPv${family} ${target}`);
        if (status === 200) assert.equal((await origin.saw(target)).address, web.address[family]);
      }
    }
    assert.ok(origin.seen.every(({ path }) => statuses[path.split('/')[1] as keyof typeof statuses] === 200));
    if ('ingress.yaml' in policies) {
      const stranger = await curl(other.namespace, url(api.address[4], 80, '/both/stranger'), '--max-time', '2');
      assert.equal(stranger.status, 0, 'ingress is closed to whom no rule names');
    }
  });
}
