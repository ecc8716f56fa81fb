/** Under a rule that allows everything, 1,000 exchanges are byte for byte what they are without Sluice, at both ends: proxied, and judged. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { eventually } from './eventually.ts';
import { exchangeCount, expected, type Seen } from './exchanges.ts';
import { onLine } from './lines.ts';
import type { Namespace } from './namespace.ts';
import { egressHttp } from './policies.ts';
import { agentOf, topologyOf } from './scene.ts';

const script = fileURLToPath(new URL('exchange-end.ts', import.meta.url));
const port = 80;

/** The server's end: what it has seen since it was asked last. */
class Server {
  #seen: Seen[] = [];
  #listening = false;

  static async start(namespace: Namespace): Promise<Server> {
    const server = new Server();
    const child = namespace.spawn(process.execPath, [script, 'server', String(port)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    onLine(child, (line) => {
      const said = JSON.parse(line) as Seen | 'listening';
      if (said === 'listening') server.#listening = true;
      else server.#seen.push(said);
    });
    await eventually('the server listens', () => server.#listening || undefined);
    return server;
  }

  async seen(): Promise<Seen[]> {
    await eventually('the server has seen all exchanges', () => this.#seen.length === exchangeCount || undefined);
    return inOrder(this.#seen.splice(0));
  }
}

function inOrder(seen: readonly Seen[]): Seen[] {
  return seen.toSorted((one, other) => one.id - other.id);
}

async function exchangeAll(client: Namespace, address: string): Promise<Seen[]> {
  const { stdout, stderr, code } = await client.run(process.execPath, script, 'client', String(port), address);
  assert.equal(code, 0, stderr);
  const lines = stdout.trimEnd().split('\n');
  return inOrder(lines.map((line) => JSON.parse(line) as Seen));
}

test('1,000 exchanges are the same with Sluice and without', async (t) => {
  const topology = topologyOf(t);
  const [web, api] = [topology.routed('web'), topology.routed('api')];
  const server = await Server.start(api.namespace);
  const ids = Array.from({ length: exchangeCount }, (_, id) => id);

  const direct = { client: await exchangeAll(web.namespace, api.address[4]), server: await server.seen() };
  assert.deepEqual(
    direct.client,
    ids.map((id) => expected(id, 'client')),
    'the scripts themselves can be played',
  );
  assert.deepEqual(
    direct.server,
    ids.map((id) => expected(id, 'server')),
  );

  for (const args of [['--no-judge'], []]) {
    const agent = await agentOf(topology, {
      policies: { 'web.yaml': egressHttp('web', 'api', port, ['{}']) },
      workloads: [web, api],
      args,
    });
    const through = { client: await exchangeAll(web.namespace, api.address[4]), server: await server.seen() };
    assert.deepEqual(through.client, direct.client);
    assert.deepEqual(through.server, direct.server);
    const flows = await agent.requests(exchangeCount);
    assert.ok(flows.every(({ verdict }) => verdict === 'ALLOW'));
    assert.equal(await agent.stop(), 0);
  }
});
