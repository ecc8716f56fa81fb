/** The network set-ups that containers live in: the tap works in each, without a change to it. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { curl } from './curl.ts';
import type { Namespace } from './namespace.ts';
import { Origin } from './origin.ts';
import { egressHttp, httpTo, ingressHttp, onlyPublic } from './policies.ts';
import { agentOf, topologyOf } from './scene.ts';
import { families, url } from './topology.ts';

/** One allowed and one denied request; the origin must see the one, and not the other. */
async function judged(client: Namespace, base: string, origin: Origin, family: number): Promise<void> {
  const unique = `${family}-${origin.seen.length}`;
  const allowed = await curl(client, `${base}/public/${unique}`);
  assert.equal(allowed.status, 200, `IPv${family}: allowed (curl ended with ${allowed.exit})`);
  const denied = await curl(client, `${base}/secret/${unique}`);
  assert.equal(denied.status, 403, `IPv${family}: denied (curl ended with ${denied.exit})`);
  await origin.saw(`/public/${unique}`);
  assert.ok(!origin.seen.some(({ path }) => path.startsWith('/secret')));
}

test('two containers on one bridge, ruled at the client and at the server', async (t) => {
  const topology = topologyOf(t);
  const [b1, b2, b3] = [topology.bridged('b1'), topology.bridged('b2'), topology.bridged('b3')];
  const origin = await Origin.start(b2.namespace, 80);
  await agentOf(topology, {
    policies: {
      'egress.yaml': egressHttp('b1', 'b2', 80, onlyPublic),
      'ingress.yaml': [ingressHttp('b2', 'b3', 80, onlyPublic), ingressHttp('b2', 'b1', 80, onlyPublic)].join('---\n'),
    },
    workloads: [b1, b2, b3],
  });
  for (const family of families) {
    await judged(b1.namespace, url(b2.address[family], 80, ''), origin, family);
    await judged(b3.namespace, url(b2.address[family], 80, ''), origin, family);
  }
});

test('a container on a bridge and a routed one', async (t) => {
  const topology = topologyOf(t);
  const [b1, api] = [topology.bridged('b1'), topology.routed('api')];
  const origin = await Origin.start(api.namespace, 80);
  await agentOf(topology, {
    policies: { 'egress.yaml': egressHttp('b1', 'api', 80, onlyPublic) },
    workloads: [b1, api],
  });
  for (const family of families) await judged(b1.namespace, url(api.address[family], 80, ''), origin, family);
});

test('a host process is a client of a container', async (t) => {
  const topology = topologyOf(t);
  const api = topology.routed('api');
  const origin = await Origin.start(api.namespace, 80);
  await agentOf(topology, {
    policies: { 'p.yaml': httpTo('api', 'ingress', 'fromEntities: [host]', 80, onlyPublic) },
    workloads: [api],
  });
  for (const family of families) await judged(topology.host, url(api.address[family], 80, ''), origin, family);
});

test('a container is a client of a host process', async (t) => {
  const topology = topologyOf(t);
  const web = topology.routed('web');
  const origin = await Origin.start(topology.host, 9080);
  await agentOf(topology, {
    policies: { 'p.yaml': httpTo('web', 'egress', 'toEntities: [host]', 9080, onlyPublic) },
    workloads: [web],
  });
  const gateway = { 4: '10.77.1.1', 6: 'fd77:1::1' };
  for (const family of families) await judged(web.namespace, url(gateway[family], 9080, ''), origin, family);
});

test('a container reaches a routed network', async (t) => {
  const topology = topologyOf(t);
  const [web, lan] = [topology.routed('web'), topology.lan()];
  const origin = await Origin.start(lan.namespace, 80);
  await agentOf(topology, {
    policies: { 'p.yaml': httpTo('web', 'egress', 'toCIDR: ["10.79.0.0/16", "fd79::/16"]', 80, onlyPublic) },
    workloads: [web],
  });
  for (const family of families) await judged(web.namespace, url(lan.address[family], 80, ''), origin, family);
});

test('a container reaches the outside through MASQUERADE', async (t) => {
  const topology = topologyOf(t);
  const [web, outside] = [topology.routed('web'), topology.outside()];
  const origin = await Origin.start(outside.namespace, 80);
  await agentOf(topology, {
    policies: { 'p.yaml': httpTo('web', 'egress', 'toEntities: [world]', 80, onlyPublic) },
    workloads: [web],
  });
  for (const family of families) {
    await judged(web.namespace, url(outside.address[family], 80, ''), origin, family);
    assert.ok(
      origin.seen.some(({ address }) => address === outside.hostAddress[family]),
      'NAT is at work',
    );
  }
});

test('a published port (DNAT) leads to a container', async (t) => {
  const topology = topologyOf(t);
  const [api, outside] = [topology.routed('api'), topology.outside()];
  topology.publish(8080, api, 80);
  const origin = await Origin.start(api.namespace, 80);
  await agentOf(topology, {
    policies: { 'p.yaml': httpTo('api', 'ingress', 'fromEntities: [world]', 80, onlyPublic) },
    workloads: [api],
  });
  for (const family of families) {
    await judged(outside.namespace, url(outside.hostAddress[family], 8080, ''), origin, family);
    assert.ok(
      origin.seen.some(({ address }) => address === outside.address[family]),
      'the client is seen as itself',
    );
  }
});
