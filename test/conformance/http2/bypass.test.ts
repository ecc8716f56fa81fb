/** No server of HTTP/2 ever sees a request that was not judged and allowed, whatever the frames. */

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { eventually } from '../../netns/eventually.ts';
import { policy } from '../../netns/policies.ts';
import { agentOf, topologyOf } from '../../netns/scene.ts';
import type { Station } from '../../netns/topology.ts';
import { headers, hello } from '../../unit/http2/wire.ts';
import { startOrigins } from '../http/origins.ts';
import type { Vector } from '../http/vectors/vector.ts';
import { programs } from './origins.ts';
import { forbiddenPath, head } from './vectors/request.ts';
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
              - {method: "GET|HEAD|POST", path: "/allowed/[a-z]*"}
`,
);

function single(name: string, path: string): Vector {
  return { name, bytes: Buffer.concat([hello, headers(1, head(path))]).toString('latin1') };
}

test(`${vectors.length} attempts to get a request past the proxy over HTTP/2, against each server`, async (t) => {
  assert.ok(vectors.length >= 200);
  assert.equal(new Set(vectors.map(({ name }) => name)).size, vectors.length, 'each has a name of its own');
  const topology = topologyOf(t);
  const [web, api] = [topology.routed('web'), topology.routed('api')];
  const directory = mkdtempSync(join(tmpdir(), 'sluice-bypass-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  const origins = await startOrigins(api, directory, programs);
  const agent = await agentOf(topology, {
    policies: { 'p.yaml': rules },
    workloads: [web, api],
    args: ['--no-judge'],
  });

  async function send(from: Station, port: number, some: readonly Vector[]): Promise<void> {
    const child = from.namespace.spawn(
      process.execPath,
      [fileURLToPath(new URL('sender.ts', import.meta.url)), api.address[4], String(port)],
      { stdio: ['pipe', 'inherit', 'inherit'] },
    );
    child.stdin?.end(JSON.stringify(some));
    assert.equal(await new Promise((resolve) => child.once('close', resolve)), 0);
  }

  for (const { name, port, seen } of origins) {
    await t.test(name, async () => {
      const written = (path: string): Promise<true> =>
        eventually(`${name} has written down ${path}`, () => seen().some((line) => line.includes(path)) || undefined);
      await send(web, port, vectors);
      await send(web, port, [single('last', '/allowed/last')]);
      await written('/allowed/last');
      const lines = seen();
      assert.deepEqual(
        lines.filter((line) => line.includes('forbidden')),
        [],
        `${name} saw a request that no rule allows`,
      );
      const allowed = (await agent.flows()).filter(
        ({ destination, verdict }) => destination.port === port && verdict === 'ALLOW',
      );
      assert.ok(lines.length > 50, `${name} sees what is allowed`);
      assert.ok(
        lines.length <= allowed.length,
        `${name} saw ${lines.length} requests, of which ${allowed.length} were judged and allowed`,
      );
      // Without the proxy it would have written that down.
      await send(api, port, [single('plain', forbiddenPath)]);
      await written(forbiddenPath);
    });
  }
});
