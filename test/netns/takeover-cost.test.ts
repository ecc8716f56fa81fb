/**
 * No end waits for a takeover until it sends something again: what the kernel holds comes to the proxy. (A segment that goes
 * straight to the proxy while an earlier one is on its way there may have its sender repeat that one, at once.)
 */

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { eventually } from './eventually.ts';
import type { Namespace } from './namespace.ts';
import { Origin } from './origin.ts';
import { ingressHttp } from './policies.ts';
import { agentOf, topologyOf } from './scene.ts';
import { families, type Station } from './topology.ts';

const connections = 10;
const client = fileURLToPath(new URL('cold-start-client.ts', import.meta.url));

/** Retransmission time-outs of all sockets of the namespace so far. */
function timeouts(namespace: Namespace): number {
  const [names = '', values = ''] = namespace
    .runSync('cat', '/proc/net/netstat')
    .split('\n')
    .filter((line) => line.startsWith('TcpExt:'));
  return Number(values.split(' ')[names.split(' ').indexOf('TCPTimeouts')]);
}

/** Who waits for a time-out waits for seconds, so that a busy machine causes none. */
function resendLate({ namespace }: Station): void {
  namespace.sysctl('net.ipv4.tcp_early_retrans', '0');
  for (const family of families) {
    const [route = ''] = namespace.ip(`-${family}`, 'route', 'show', 'default').split('\n');
    namespace.ip(`-${family}`, 'route', 'change', ...route.trim().split(/\s+/), 'rto_min', '5s');
  }
}

test('the proxy’s sockets begin with the round trip of the connection that they go on with', async (t) => {
  const topology = topologyOf(t);
  const [web, api] = [topology.routed('web'), topology.routed('api')];
  await Origin.start(api.namespace, 80);
  const agent = await agentOf(topology, {
    policies: { 'p.yaml': ingressHttp('api', 'web', 80, ['{method: GET, path: "/public/.*"}']) },
    workloads: [web, api],
  });
  for (const family of families) {
    web.namespace.spawn(process.execPath, [client, api.address[family], '80', 'half a head', '1']);
  }
  await eventually('both are taken over', async () => (await agent.counter('takeovers_taken_over')) >= 2 || undefined);
  const sockets = execFileSync('ip', ['netns', 'exec', `${agent.instance}-ingress`, 'ss', '-tinH'], {
    encoding: 'utf8',
  });
  const timeouts = [...sockets.matchAll(/ rto:(\d+)/g)].map(([, ms]) => Number(ms));
  assert.equal(timeouts.length, 4, sockets);
  for (const ms of timeouts)
    assert.ok(ms >= 200 && ms < 1000, `${ms} ms, and not the 3 s of a socket that knows nothing`);
});

test('no retransmission time-out passes for a takeover', async (t) => {
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
        const before = [timeouts(web.namespace), timeouts(api.namespace)];
        const taken = await agent.counter('takeovers_taken_over');
        const asked = [client, api.address[family], '80', kind, String(connections)];
        const { stdout, stderr } = await web.namespace.run(process.execPath, ...asked);
        assert.equal(stdout.trim(), String(connections), stderr);
        assert.equal((await agent.counter('takeovers_taken_over')) - taken, connections);
        const after = [timeouts(web.namespace), timeouts(api.namespace)];
        assert.deepEqual(after, before, 'time-outs of the client, and of the server');
      });
    }
  }
});
