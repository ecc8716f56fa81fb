/** A WebSocket passes where a rule allows its request, and only there; it ends when the rule goes. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { curl } from './curl.ts';
import { eventually } from './eventually.ts';
import { onLine } from './lines.ts';
import type { Namespace } from './namespace.ts';
import { egressHttp } from './policies.ts';
import { agentOf, topologyOf } from './scene.ts';
import { families, url } from './topology.ts';

const port = 8080;
const onlyEcho = ['{method: GET, path: "/echo"}'];
/** 6 sizes, as text and as bytes. */
const messages = 12;

function path(name: string): string {
  return fileURLToPath(new URL(name, import.meta.url));
}

/** @returns what the server was asked for so far */
async function startServer(namespace: Namespace): Promise<readonly string[]> {
  const lines: string[] = [];
  const child = namespace.spawn(process.execPath, [path('websocket-origin.ts'), String(port)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onLine(child, (line) => lines.push(line));
  await eventually('the server listens', () => lines.includes('"listening"') || undefined);
  lines.length = 0;
  return lines;
}

for (const family of families) {
  test(`IPv${family}: a WebSocket passes where its request may`, async (t) => {
    const topology = topologyOf(t);
    const [web, api] = [topology.routed('web'), topology.routed('api')];
    const asked = await startServer(api.namespace);
    const agent = await agentOf(topology, {
      policies: { 'web.yaml': egressHttp('web', 'api', port, onlyEcho) },
      workloads: [web, api],
    });
    const at = (target: string): string => url(api.address[family], port, target);
    const talk = async (target: string): Promise<unknown> => {
      const ws = at(target).replace('http:', 'ws:');
      const { stdout, stderr } = await web.namespace.run(process.execPath, path('websocket-client.ts'), ws);
      assert.ok(stdout !== '', stderr);
      return JSON.parse(stdout);
    };

    assert.deepEqual(await talk('/echo'), { echoed: messages, code: 1000 });
    assert.deepEqual(await talk('/secret'), { echoed: 0, code: 1006 });
    const upgrade = ['-H', 'Connection: Upgrade', '-H', 'Upgrade: websocket', '-H', 'Sec-WebSocket-Version: 13'];
    assert.equal((await curl(web.namespace, at('/secret'), ...upgrade)).status, 403);
    // Another protocol is none that could be judged, whatever the rules say.
    assert.equal(
      (await curl(web.namespace, at('/echo'), '-H', 'Connection: Upgrade', '-H', 'Upgrade: foo')).status,
      403,
    );
    // The server is not asked to switch to HTTP/2, and answers in HTTP/1.1.
    assert.equal((await curl(web.namespace, at('/echo'), '--http2')).status, 200);

    assert.deepEqual(asked, ['"/echo"', '"/echo"']);
    const flows = await agent.requests(5);
    assert.deepEqual(
      flows.map(({ verdict, status }) => `${verdict} ${status}`),
      ['ALLOW 101', 'DENY 403', 'DENY 403', 'DENY 403', 'ALLOW 200'],
    );
  });
}

test('a WebSocket ends when no rule allows it any more', async (t) => {
  const topology = topologyOf(t);
  const [web, api] = [topology.routed('web'), topology.routed('api')];
  await startServer(api.namespace);
  const agent = await agentOf(topology, {
    policies: { 'web.yaml': egressHttp('web', 'api', port, onlyEcho) },
    workloads: [web, api],
  });
  const ws = url(api.address[4], port, '/echo').replace('http:', 'ws:');
  const client = web.namespace.spawn(process.execPath, [path('websocket-client.ts'), ws, 'hold'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let said = '';
  client.stdout?.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  await eventually('the WebSocket is held', () => said.includes('"held"') || undefined);
  await agent.changePolicy('web.yaml', egressHttp('web', 'api', port, ['{path: "/echo"}']));
  assert.equal(said, '"held"\n', 'another rule allows it');
  await agent.changePolicy('web.yaml', egressHttp('web', 'api', port, ['{path: "/other"}']));
  await eventually('the WebSocket is closed', () => said.includes('"code":1006') || undefined);
});
