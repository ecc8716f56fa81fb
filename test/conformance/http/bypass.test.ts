/** No server ever sees a request that was not judged and allowed, whatever the bytes and whatever the server's parser. */

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { eventually } from '../../netns/eventually.ts';
import { policy } from '../../netns/policies.ts';
import { agentOf, topologyOf } from '../../netns/scene.ts';
import { startOrigins } from './origins.ts';
import type { Vector } from './vectors/vector.ts';
import { vectors } from './vectors.ts';

const rules = policy(
  'bypass',
  'web',
  `  egress:
    - toEndpoints:
        - matchLabels: {app: api}
      toPorts:
        - ports: [{port: "8000", endPort: 8100, protocol: TCP}]
          rules:
            http:
              - {method: "GET|HEAD|POST", path: "/allowed/.*"}
`,
);

test(`${vectors.length} attempts to get a request past the proxy, against each server`, async (t) => {
  assert.ok(vectors.length >= 250);
  assert.equal(new Set(vectors.map(({ name }) => name)).size, vectors.length, 'each has a name of its own');
  const topology = topologyOf(t);
  const [web, api] = [topology.routed('web'), topology.routed('api')];
  const directory = mkdtempSync(join(tmpdir(), 'sluice-bypass-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  const origins = await startOrigins(api, directory);
  const agent = await agentOf(topology, {
    policies: { 'p.yaml': rules },
    workloads: [web, api],
    args: ['--no-judge'],
  });

  async function send(port: number, some: readonly Vector[]): Promise<void> {
    const child = web.namespace.spawn(
      process.execPath,
      [fileURLToPath(new URL('sender.ts', import.meta.url)), api.address[4], String(port)],
      { stdio: ['pipe', 'inherit', 'inherit'] },
    );
    child.stdin?.end(JSON.stringify(some));
    assert.equal(await new Promise((resolve) => child.once('close', resolve)), 0);
  }

  for (const { name, port, seen } of origins) {
    await t.test(name, async () => {
      await send(port, vectors);
      // The last line that it writes is of a request that was sent after all others.
      await send(port, [
        { name: 'last', bytes: 'GET /allowed/last HTTP/1.1\r\nHost: origin\r\nConnection: close\r\n\r\n' },
      ]);
      await eventually(`${name} has written down the last request`, () =>
        seen().some((line) => line.includes('/allowed/last')) ? true : undefined,
      );
      const lines = seen();
      assert.deepEqual(
        lines.filter((line) => line.includes('forbidden')),
        [],
        `${name} saw a request that no rule allows`,
      );
      const allowed = (await agent.flows()).filter(
        ({ destination, verdict }) => destination.port === port && verdict === 'ALLOW',
      );
      assert.ok(lines.length > 10, `${name} sees what is allowed`);
      assert.ok(
        lines.length <= allowed.length,
        `${name} saw ${lines.length} requests, of which ${allowed.length} were judged and allowed`,
      );
    });
  }
});
