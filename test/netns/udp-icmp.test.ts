/** UDP and ICMP by L4 rule: what no rule names is dropped and counted with its reason. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually } from './eventually.ts';
import type { Namespace } from './namespace.ts';
import { policy } from './policies.ts';
import { agentOf, topologyOf } from './scene.ts';
import { families } from './topology.ts';

const rules = policy(
  'web-l4',
  'web',
  `  egress:
    - toEndpoints:
        - matchLabels: {app: api}
      toPorts:
        - ports: [{port: "5353", protocol: UDP}]
    - toEndpoints:
        - matchLabels: {app: api}
      icmps:
        - fields:
            - {family: IPv4, type: 8}
            - {family: IPv6, type: 128}
`,
);

/** Answers every datagram with itself. */
const echo = `
const socket = require('node:dgram').createSocket({type: 'udp6', ipv6Only: false});
socket.on('message', (message, from) => socket.send(message, from.port, from.address));
socket.bind(Number(process.argv[1]), '::', () => console.log('bound'));
`;
/** Exit code 0 when a datagram came back within a second. */
const ask = `
const [address, port] = process.argv.slice(1);
const socket = require('node:dgram').createSocket(address.includes(':') ? 'udp6' : 'udp4');
socket.on('message', () => process.exit(0));
socket.send('ping', Number(port), address);
setTimeout(() => process.exit(1), 1000);
`;

async function udp(from: Namespace, address: string, port: number): Promise<boolean> {
  return (await from.run(process.execPath, '-e', ask, address, String(port))).code === 0;
}

async function ping(from: Namespace, address: string): Promise<boolean> {
  return (await from.run('ping', '-c', '1', '-W', '1', address)).code === 0;
}

test('UDP and ICMP pass by L4 rule only, IPv4 and IPv6', async (t) => {
  const topology = topologyOf(t);
  const [web, api, other] = [topology.routed('web'), topology.routed('api'), topology.routed('other')];
  for (const port of [5353, 5354]) {
    const server = api.namespace.spawn(process.execPath, ['-e', echo, String(port)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let bound = false;
    server.stdout?.once('data', () => {
      bound = true;
    });
    await eventually('the echo server is bound', () => bound || undefined);
  }
  const agent = await agentOf(topology, { policies: { 'l4.yaml': rules }, workloads: [web, api, other] });
  for (const family of families) {
    assert.equal(await udp(web.namespace, api.address[family], 5353), true, `IPv${family}: the port that is named`);
    assert.equal(await udp(web.namespace, api.address[family], 5354), false, `IPv${family}: another port`);
    assert.equal(await ping(web.namespace, api.address[family]), true, `IPv${family}: echo request`);
    assert.equal(await ping(web.namespace, other.address[family]), false, `IPv${family}: to whom no rule names`);
    assert.equal(
      await udp(other.namespace, api.address[family], 5354),
      true,
      `IPv${family}: an endpoint without rules`,
    );
  }
  const drops = await agent.client.metrics();
  assert.match(drops, /^sluice_packets_dropped_total\{.*direction="egress".*\} [1-9]/m);
  const denied = (await agent.flows()).filter(({ verdict }) => verdict === 'DENY');
  assert.ok(denied.some(({ protocol, destination }) => protocol === 'udp' && destination.port === 5354));
  assert.ok(denied.some(({ protocol }) => protocol.startsWith('icmp')));
});

test('egressDeny wins over an allow, and an endpoint without rules is open', async (t) => {
  const topology = topologyOf(t);
  const [web, api] = [topology.routed('web'), topology.routed('api')];
  await agentOf(topology, {
    policies: {
      'allow.yaml': policy('allow', 'web', '  egress:\n    - toEntities: [all]\n'),
      'deny.yaml': policy('deny', 'web', '  egressDeny:\n    - toEndpoints:\n        - matchLabels: {app: api}\n'),
    },
    workloads: [web, api],
  });
  for (const family of families) {
    assert.equal(await ping(web.namespace, api.address[family]), false);
    const gateway = family === 4 ? '10.77.1.1' : 'fd77:1::1';
    assert.equal(await ping(web.namespace, gateway), true);
    // The echo request goes in; its reply is a reply, which a deny of new flows does not stop.
    assert.equal(await ping(api.namespace, web.address[family]), true);
  }
});
