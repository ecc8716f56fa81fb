/** An attack on rules for HTTP through the agent: what each server writes down must have been judged and allowed. */

import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { eventually } from '../netns/eventually.ts';
import type { Namespace } from '../netns/namespace.ts';
import { policy } from '../netns/policies.ts';
import { agentOf, topologyOf } from '../netns/scene.ts';
import type { Vector } from './http/vectors/vector.ts';
import { startOrigins, type Version } from './origins.ts';

export interface Attack {
  readonly version: Version;
  /** Whatever carries `forbidden` must reach no server as a request. */
  readonly vectors: readonly Vector[];
  /** Pattern of the paths that are allowed; those below `/role/` are with `X-Role: user`. */
  readonly allowedPath: string;
  /** Requests that a client may make: one that is allowed, and one that only a server without the agent gets. */
  readonly last: Vector;
  readonly plain: Vector;
  /** Of the vectors, what at least every server sees: the attack arrives. */
  readonly least: number;
  /** How long a vector's connection is kept without a byte from the server, ms. */
  readonly patienceMs: number;
  /** Further arguments of the agent. */
  readonly args: readonly string[];
}

/** For requests that must be answered, on a machine that does much else. */
const surelyMs = 10_000;

function rulesFor(allowedPath: string): string {
  return policy(
    'bypass',
    'web',
    `  egress:
    - toEndpoints:
        - matchLabels: {app: api}
      toPorts:
        - ports: [{port: "8000", endPort: 8100, protocol: TCP}]
          rules:
            http:
              - {method: "GET|HEAD|POST", path: "${allowedPath}"}
              - {path: "/role/.*", headers: ["X-Role: user"]}
`,
  );
}

export async function attack(t: TestContext, { version, vectors, args, ...attempt }: Attack): Promise<void> {
  assert.equal(new Set(vectors.map(({ name }) => name)).size, vectors.length, 'each has a name of its own');
  const topology = topologyOf(t);
  const [web, api] = [topology.routed('web'), topology.routed('api')];
  const directory = mkdtempSync(join(tmpdir(), 'sluice-bypass-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  const origins = await startOrigins(api, directory, version);
  const agent = await agentOf(topology, {
    policies: { 'p.yaml': rulesFor(attempt.allowedPath) },
    workloads: [web, api],
    args,
  });

  function sender(from: Namespace, port: number, some: readonly Vector[], patienceMs: number): ChildProcess {
    const script = fileURLToPath(new URL(`${version}/sender.ts`, import.meta.url));
    const child = from.spawn(process.execPath, [script, api.address[4], String(port), String(patienceMs)], {
      stdio: ['pipe', 'inherit', 'inherit'],
    });
    child.stdin?.end(JSON.stringify(some));
    return child;
  }

  for (const { name, port, seen } of origins) {
    await t.test(name, async () => {
      const written = (path: string): Promise<true> =>
        eventually(`${name} has written down ${path}`, () => seen().some((line) => line.includes(path)) || undefined);
      // Its server may keep the connection: the sender need not see it end.
      const reached = async (from: Namespace, vector: Vector, path: string): Promise<void> => {
        const child = sender(from, port, [vector], surelyMs);
        await written(path);
        child.kill();
      };
      const all = sender(web.namespace, port, vectors, attempt.patienceMs);
      assert.equal(await new Promise((resolve) => all.once('close', resolve)), 0);
      // The last line that it writes is of a request that was sent after all others.
      await reached(web.namespace, attempt.last, '/allowed/last');
      const lines = seen();
      assert.deepEqual(
        lines.filter((line) => line.includes('forbidden')),
        [],
        `${name} saw a request that no rule allows`,
      );
      assert.ok(lines.length > attempt.least, `${name} sees what is allowed`);
      // HAProxy's word for a connection that ended without a request.
      const requests = lines.filter((line) => !line.startsWith('<BADREQ>')).length;
      await eventually(`as many requests are recorded as ${name} saw`, async () => {
        const flows = await agent.flows();
        const count = flows.filter(
          ({ destination, verdict, l7 }) => destination.port === port && verdict === 'ALLOW' && l7 !== undefined,
        ).length;
        return count >= requests || undefined;
      });
      // Without the agent it would have written that down.
      await reached(api.namespace, attempt.plain, '/forbidden');
    });
  }
}
