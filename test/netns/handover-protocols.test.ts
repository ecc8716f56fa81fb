/**
 * A new agent takes over HTTP/2 with its streams open, gRPC calls that last, WebSockets and long bodies: neither end of any
 * of them notices.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Lasting } from './lasting.ts';
import { Origin } from './origin.ts';
import { policy } from './policies.ts';
import { agentOf, topologyOf } from './scene.ts';

/** The long form: `HANDOVERS=20`. */
const rounds = Number(process.env.HANDOVERS ?? '3');
const ports = { http1: 80, http2: 81, grpc: 82, webSocket: 83 } as const;

function http(port: number, rule: string): string {
  return `        - ports: [{port: "${port}", protocol: TCP}]\n          rules:\n            http:\n              - ${rule}\n`;
}

const rules = policy(
  'web',
  'web',
  `  egress:
    - toEndpoints:
        - matchLabels: {app: api}
      toPorts:
${http(ports.http1, '{method: GET, path: "/public/.*"}')}${http(ports.http2, '{method: GET, path: "/public.*"}')}${http(
  ports.grpc,
  '{method: POST, path: "/test.Echo/(Unary|Chat)"}',
)}${http(ports.webSocket, '{method: GET, path: "/echo"}')}`,
);

for (const args of [[], ['--no-judge']]) {
  test(`${rounds} take-overs of what lasts ${args.join()}`, async (t) => {
    const topology = topologyOf(t);
    const [web, api] = [topology.routed('web'), topology.routed('api')];
    const origin = await Origin.start(api.namespace, ports.http2, 'http2-origin.ts');
    await Origin.start(api.namespace, ports.http1);
    await Origin.start(api.namespace, ports.grpc, 'grpc-origin.ts');
    await Origin.start(api.namespace, ports.webSocket, 'websocket-origin.ts');
    const agent = await agentOf(topology, { policies: { 'p.yaml': rules }, workloads: [web, api], args });
    const lasting = new Lasting(web.namespace, {
      connections: 4,
      streams: 16,
      server: api.address[4],
      ...ports,
    });
    await lasting.further(4);
    for (let round = 0; round < rounds; round++) {
      const begun = performance.now();
      assert.equal(await agent.handOver('--workers', `${1 + (round % 3)}`), 0);
      t.diagnostic(`take-over ${round}: ${Math.round(performance.now() - begun)} ms`);
      await lasting.further(4);
    }
    const { done, ended } = await lasting.stop();
    t.diagnostic(JSON.stringify(done));
    assert.deepEqual(ended, {}, agent.log);
    const kinds = [
      'grpc Chat OK',
      'grpc Denied PERMISSION_DENIED',
      'grpc Unary OK',
      'grpc message',
      'http2 /public 200',
      'http2 /public/bytes/300000 200',
      'http2 /secret 403',
      'websocket closed 1000',
      'websocket message',
    ];
    assert.deepEqual(Object.keys(done).sort(), kinds);
    assert.ok(!origin.seen.some(({ path }) => path === '/secret'), 'the origin saw no denied request');
    assert.equal(await agent.stop(), 0);
  });
}
