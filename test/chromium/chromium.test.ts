/** A page in Chromium: what its script may ask it gets, what it may not is denied, and no connection suffers from it. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { eventually } from '../netns/eventually.ts';
import type { Namespace } from '../netns/namespace.ts';
import { policy } from '../netns/policies.ts';
import { agentOf, topologyOf } from '../netns/scene.ts';
import { Browser } from './browser.ts';
import type { Visit } from './page.ts';

const ports = { page: 8080, sockets: 8081 } as const;
const rules = policy(
  'page',
  'browser',
  `  egress:
    - toEndpoints:
        - matchLabels: {app: site}
      toPorts:
        - ports: [{port: "${ports.page}", protocol: TCP}]
          rules:
            http:
              - {method: GET, path: "/|/page[.]js|/data/[0-9a-z]+"}
              - {method: POST, path: "/data/new"}
              - {method: POST, path: "/test.Echo/Unary"}
        - ports: [{port: "${ports.sockets}", protocol: TCP}]
          rules:
            http:
              - {method: GET, path: "/echo"}
`,
);

interface Asked {
  readonly asked: string;
  readonly port: number;
}

async function serve(namespace: Namespace, script: string, port: number): Promise<readonly (Asked | string)[]> {
  const said: (Asked | string)[] = [];
  const path = fileURLToPath(new URL(script, import.meta.url));
  const child = namespace.spawn(process.execPath, [path, String(port)], { stdio: ['ignore', 'pipe', 'inherit'] });
  let rest = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    said.push(...lines.map((line) => JSON.parse(line) as Asked | string));
  });
  await eventually(`${script} listens`, () => said.includes('listening') || undefined);
  return said;
}

const deniedTargets = ['GET /secret', 'PUT /data/new', 'POST /test.Echo/Denied'];
const forbidden = { status: 403, body: 'Access denied\r\n' };

function ok(body: string): { readonly status: number; readonly body: string } {
  return { status: 200, body };
}

for (const [way, args] of Object.entries({ judged: [], proxied: ['--no-judge'] })) {
  test(`Chromium, ${way}: a page with fetches, a WebSocket and gRPC-Web`, async (t) => {
    const topology = topologyOf(t);
    const [station, site] = [topology.routed('browser'), topology.routed('site')];
    const said = await serve(site.namespace, 'origin.ts', ports.page);
    const sockets = await serve(site.namespace, '../netns/websocket-origin.ts', ports.sockets);
    const agent = await agentOf(topology, { policies: { 'page.yaml': rules }, workloads: [station, site], args });
    const browser = await Browser.start(station.namespace);
    t.after(() => browser.close());

    await browser.open(`http://${site.address[4]}:${ports.page}/`);
    await eventually('the page is there', async () => {
      return (await browser.evaluate('typeof visit')) === 'function' || undefined;
    });
    const visit = (await browser.evaluate(`visit('ws://${site.address[4]}:${ports.sockets}')`)) as Visit;

    assert.deepEqual(
      visit.reads,
      Array.from({ length: 20 }, (_, count) => ok(`/data/${count} 0`)),
    );
    assert.deepEqual(visit.denied, forbidden);
    assert.deepEqual(visit.afterDenied, ok('/data/after 0'));
    assert.deepEqual(visit.together, [ok('/data/a 0'), forbidden, ok('/data/b 0')]);
    assert.deepEqual(visit.posted, ok('/data/new 200000'));
    assert.deepEqual(visit.deniedMethod, forbidden);
    assert.equal(visit.socket, 'hello');
    assert.equal(visit.deniedSocket, undefined);
    assert.deepEqual(visit.unary, { httpStatus: 200, grpcStatus: '0', message: 'a message' });
    // gRPC-Web is HTTP: clients take its 403 for PERMISSION_DENIED.
    assert.deepEqual(visit.deniedCall, { httpStatus: 403, message: '' });

    const seen = said.filter((line) => typeof line !== 'string');
    const asked = seen.map((line) => line.asked);
    assert.ok(asked.every((each) => /^(GET \/(page\.js|data\/\w+)?|POST \/(data\/new|test\.Echo\/Unary))$/.test(each)));
    assert.deepEqual(
      sockets.filter((each) => each !== 'listening'),
      ['/echo'],
    );
    // A browser has a connection in reserve and may change over to it: none was opened anew.
    const reads = seen.filter(({ asked: each }) => /^GET \/data\/[0-9]+$/.test(each)).map(({ port }) => port);
    const after = seen.find(({ asked: each }) => each === 'GET /data/after')?.port ?? 0;
    assert.ok(new Set(reads).size <= 2, 'connections are used again');
    assert.ok(reads.includes(after), 'a denial leaves the connection as it was');
    await eventually('the denials are recorded', async () => {
      const denied = (await agent.flows()).filter(({ verdict }) => verdict === 'DENY');
      const targets = denied.map(({ l7 }) => (l7?.protocol === 'http' ? `${l7.method} ${l7.target}` : ''));
      return deniedTargets.every((target) => targets.includes(target)) || undefined;
    });
  });
}
