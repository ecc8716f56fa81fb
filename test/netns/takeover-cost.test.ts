/** A takeover costs no end a retransmission: what the kernel holds until the proxy is there comes to the proxy. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Namespace } from './namespace.ts';
import { Origin } from './origin.ts';
import { ingressHttp } from './policies.ts';
import { agentOf, topologyOf } from './scene.ts';
import { families, type Station } from './topology.ts';

const connections = 10;
const client = fileURLToPath(new URL('cold-start-client.ts', import.meta.url));

/** TCP segments that were sent again, by all sockets of the namespace so far. */
function retransmissions(namespace: Namespace): number {
  const [names = '', values = ''] = namespace
    .runSync('cat', '/proc/net/snmp')
    .split('\n')
    .filter((line) => line.startsWith('Tcp:'));
  return Number(values.split(' ')[names.split(' ').indexOf('RetransSegs')]);
}

/** Who waits for a retransmission waits for seconds, so that a busy machine is not taken for one. */
function resendLate({ namespace }: Station): void {
  namespace.sysctl('net.ipv4.tcp_early_retrans', '0');
  for (const family of families) {
    const [route = ''] = namespace.ip(`-${family}`, 'route', 'show', 'default').split('\n');
    namespace.ip(`-${family}`, 'route', 'change', ...route.trim().split(/\s+/), 'rto_min', '5s');
  }
}

test('no segment is sent again for a takeover', async (t) => {
  const topology = topologyOf(t);
  const [web, api] = [topology.routed('web'), topology.routed('api')];
  for (const station of [web, api]) resendLate(station);
  await Origin.start(api.namespace, 80);
  const agent = await agentOf(topology, {
    policies: { 'p.yaml': ingressHttp('api', 'web', 80, ['{method: "GET|POST", path: "/public/.*"}']) },
    workloads: [web, api],
  });
  for (const kind of [
    'a head in two segments',
    'two requests in one segment',
    'a request and the end',
    'a head and a long body',
  ]) {
    for (const family of families) {
      await t.test(`IPv${family}: ${kind}`, async () => {
        const before = [retransmissions(web.namespace), retransmissions(api.namespace)];
        const taken = await agent.counter('takeovers_taken_over');
        const asked = [client, api.address[family], '80', kind, String(connections)];
        const { stdout, stderr } = await web.namespace.run(process.execPath, ...asked);
        assert.equal(stdout.trim(), String(connections), stderr);
        assert.equal((await agent.counter('takeovers_taken_over')) - taken, connections);
        const after = [retransmissions(web.namespace), retransmissions(api.namespace)];
        assert.deepEqual(after, before, 'segments that the client, and the server, sent again');
      });
    }
  }
});
