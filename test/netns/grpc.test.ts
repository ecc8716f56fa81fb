/** gRPC by two implementations as client and as server: through the agent every call ends as without it, or is denied. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { eventually } from './eventually.ts';
import { onLine } from './lines.ts';
import type { Namespace } from './namespace.ts';
import { policy } from './policies.ts';
import { agentOf, topologyOf } from './scene.ts';

/** Debian's, which has python3-grpcio; another may come first in PATH. */
const python = '/usr/bin/python3';
const implementations = {
  'grpc-js': [process.execPath, 'ts'],
  'grpc-core': [python, 'py'],
} as const;
type Implementation = keyof typeof implementations;

const allowed = ['Unary', 'Up', 'Down', 'Chat', 'Stay', 'Slow', 'Fail', 'Metadata'];
/** A rule set of each kind, on a port of its own. */
const ports = { direct: 5000, grpc: 5001, http: 5002, service: 5003 } as const;
const rules = policy(
  'grpc',
  'web',
  `  egress:
    - toEndpoints:
        - matchLabels: {app: api}
      toPorts:
        - ports: [{port: "${ports.direct}", protocol: TCP}]
        - ports: [{port: "${ports.grpc}", protocol: TCP}]
          rules:
            grpc:
${allowed.map((method) => `              - {service: test.Echo, method: ${method}}\n`).join('')}
        - ports: [{port: "${ports.http}", protocol: TCP}]
          rules:
            http:
              - {method: POST, path: "/test.Echo/(${allowed.join('|')})"}
        - ports: [{port: "${ports.service}", protocol: TCP}]
          rules:
            grpc:
              - {service: test.Echo}
`,
);

const results = {
  unary: 'hello',
  metadata: 'some text 000a0d80ff|some text 000a0d80ff',
  fail: { reply: 'ABORTED as asked: 100 %', octets: 0, metadata: '|of the trailers' },
  up: '500 5000000',
  down: '500 message 499',
  chat: 'one two three',
  cancelled: 'CANCELLED',
  large: 100 * 1024 * 1024,
  together: 1000,
  deadline: 'DEADLINE_EXCEEDED',
  beside: ['before after', 'd', 'u'],
};
const resultsWithDenial = { ...results, beside: ['before after', 'PERMISSION_DENIED Access denied', 'u'] };

function script(name: string): string {
  return fileURLToPath(new URL(name, import.meta.url));
}

/** @returns what the server says: its calls by name. */
async function serve(namespace: Namespace, kind: Implementation): Promise<readonly string[]> {
  const [program, extension] = implementations[kind];
  const args = [script(`grpc-origin.${extension}`), ...Object.values(ports).map(String)];
  const child = namespace.spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const said: string[] = [];
  onLine(child, (line) => said.push(JSON.parse(line) as string));
  await eventually(`${kind} listens`, () => said.includes('listening') || undefined);
  return said;
}

for (const server of Object.keys(implementations) as Implementation[]) {
  test(`server ${server}: calls through the agent end as they do without it`, async (t) => {
    const topology = topologyOf(t);
    const [web, api] = [topology.routed('web'), topology.routed('api')];
    const said = await serve(api.namespace, server);
    const agent = await agentOf(topology, {
      policies: { 'p.yaml': rules },
      workloads: [web, api],
      args: [],
    });
    const count = (word: string): number => said.filter((each) => each === word).length;
    const resultsOf = async (client: Implementation, port: number): Promise<unknown> => {
      const [program, extension] = implementations[client];
      const args = [script(`grpc-client.${extension}`), api.address[4], String(port)];
      const { code, stdout, stderr } = await web.namespace.run(program, ...args);
      assert.equal(code, 0, stderr);
      return JSON.parse(stdout);
    };
    let cancelled = 0;
    for (const client of Object.keys(implementations) as Implementation[]) {
      for (const way of ['direct', 'grpc', 'http'] as const) {
        // One pair shows as well as two how the kinds of rules match, and that results are those of a direct connection.
        if (way !== 'grpc' && client !== server) continue;
        await t.test(`${client} → ${server}, ${way}`, async () => {
          const before = count('Denied');
          assert.deepEqual(await resultsOf(client, ports[way]), way === 'direct' ? results : resultsWithDenial);
          assert.equal(count('Denied') - before, way === 'direct' ? 1 : 0, 'a denied call does not reach the server');
          cancelled++;
          await eventually('the server hears of the cancellation', () => count('cancelled') >= cancelled || undefined);
        });
      }
    }
    const flows = await eventually('the last call is recorded', async () => {
      const all = await agent.flows();
      return all.filter(({ verdict }) => verdict === 'DENY').length >= 3 ? all : undefined;
    });
    const calls = flows.flatMap(({ l7, verdict, reason }) =>
      l7?.protocol === 'grpc' && l7.phase !== 'open'
        ? [{ verdict, reason, method: l7.method, service: l7.service, status: l7.status }]
        : [],
    );
    const denied = { verdict: 'DENY', reason: 'no-rule', method: 'Denied', service: 'test.Echo', status: 7 };
    assert.deepEqual(
      calls.filter(({ verdict }) => verdict === 'DENY'),
      [denied, denied, denied],
    );
    const status = (method: string): readonly (number | undefined)[] => [
      ...new Set(calls.filter((call) => call.method === method).map((call) => call.status)),
    ];
    assert.deepEqual([status('Unary'), status('Fail')], [[0], [10]]);
    // Who notices the deadline first, the client (a reset) or the server (DEADLINE_EXCEEDED), is open.
    assert.ok(status('Slow').every((each) => each === undefined || each === 4));
    await t.test('a rule without a method allows the whole service', async () => {
      assert.deepEqual(await resultsOf(server, ports.service), results);
    });
  });
}
