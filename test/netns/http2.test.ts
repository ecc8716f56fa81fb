/** HTTP/2 with prior knowledge: judged a stream, by every client at hand, and whole in both directions. */

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { Agent } from './agent.ts';
import { curl } from './curl.ts';
import { Http2Client } from './http2-client.ts';
import { Origin } from './origin.ts';
import { egressHttp } from './policies.ts';
import { agentOf, topologyOf } from './scene.ts';
import { families, type Station, url } from './topology.ts';

const big = 100 * 1024 * 1024;
const refused = { status: 403, type: 'text/plain', received: 15, text: 'Access denied\r\n' };
const rules = ['{method: "GET|PUT|POST", path: "/public/.*"}', '{method: CONNECT, path: "/chat"}'];

interface Scene {
  readonly web: Station;
  readonly api: Station;
  readonly origin: Origin;
  readonly agent: Agent;
}

async function scene(t: TestContext): Promise<Scene> {
  const topology = topologyOf(t);
  const [web, api] = [topology.routed('web'), topology.routed('api')];
  const origin = await Origin.start(api.namespace, 80, 'http2-origin.ts');
  const agent = await agentOf(topology, {
    policies: { 'p.yaml': egressHttp('web', 'api', 80, rules) },
    workloads: [web, api],
    args: [],
  });
  return { web, api, origin, agent };
}

for (const client of ['node', 'undici'] as const) {
  test(`${client}: a denied stream is answered, the others of its connection go on`, async (t) => {
    const { web, api, origin, agent } = await scene(t);
    for (const family of families) {
      const connection = new Http2Client(web.namespace, client, url(api.address[family], 80, ''));
      const paths = Array.from({ length: 30 }, (_, at) => `/${at % 3 === 1 ? 'secret' : 'public'}/${family}/${at}`);
      const replies = await Promise.all(paths.map((path) => connection.get(path)));
      for (const [at, path] of paths.entries()) {
        const { status, type, received, text, error } = replies[at] ?? {};
        assert.equal(error, undefined, path);
        if (path.startsWith('/secret')) assert.deepEqual({ status, type, received, text }, refused, path);
        else assert.deepEqual([status, text], [200, `origin GET ${path} 0\n`], path);
      }
      // Not even the body of a denied request gets there, and the connection outlives it.
      const upload = await connection.ask({ method: 'POST', path: `/secret/${family}/up`, upload: 300_000 });
      assert.equal(upload.status, 403);
      const last = `/public/${family}/up`;
      const allowed = await connection.ask({ method: 'POST', path: last, upload: 300_000 });
      assert.deepEqual([allowed.status, allowed.text], [200, `origin POST ${last} 300000\n`]);

      await origin.saw(last);
      const seen = origin.seen.filter(({ path }) => path.includes(`/${family}/`));
      assert.deepEqual([...new Set(seen.map(({ address }) => address))], [web.address[family]]);
      assert.equal(new Set(seen.map(({ port }) => port)).size, 1, 'all came over one connection');
      const expected = [...paths.filter((path) => path.startsWith('/public')), last];
      assert.deepEqual(seen.map(({ path }) => path).toSorted(), expected.toSorted());
    }
    const flows = await agent.requests(64);
    assert.equal(flows.length, 64);
    for (const { l7, verdict, reason, status } of flows) {
      if (l7?.protocol !== 'http') throw new Error('a flow that is no HTTP');
      const allows = l7.target.startsWith('/public');
      const wanted = allows ? ['HTTP/2', 'ALLOW', undefined, 200] : ['HTTP/2', 'DENY', 'no-rule', 403];
      assert.deepEqual([l7.version, verdict, reason, status], wanted, l7.target);
    }
  });
}

test('curl and nghttp: allowed and denied', async (t) => {
  const { web, api, origin } = await scene(t);
  const at = (path: string): string => url(api.address[4], 80, path);
  const h2 = '--http2-prior-knowledge';
  assert.deepEqual((await curl(web.namespace, at('/public/c'), h2)).body, 'origin GET /public/c 0\n');
  const denied = await curl(web.namespace, at('/secret'), h2, '--include');
  assert.match(
    denied.body,
    /^HTTP\/2 403 \r\ncontent-type: text\/plain\r\ncontent-length: 15\r\n\r\nAccess denied\r\n$/,
  );
  const { stdout, code } = await web.namespace.run('nghttp', at('/public/n'), at('/secret'), at('/public/m'));
  assert.equal(code, 0);
  for (const text of ['origin GET /public/n 0', 'Access denied', 'origin GET /public/m 0']) {
    assert.ok(stdout.includes(text), text);
  }
  await origin.saw('/public/m');
  assert.deepEqual(origin.seen.map(({ path }) => path).toSorted(), ['/public/c', '/public/m', '/public/n']);
});

test('h2load: 20,000 requests on four connections, a fifth of them denied', async (t) => {
  const { web, api, origin } = await scene(t);
  const paths = ['/public/1', '/public/2', '/secret', '/public/3', '/public/4'];
  const urls = paths.map((path) => url(api.address[4], 80, path));
  const { stdout } = await web.namespace.run('h2load', '-n', '20000', '-c', '4', '-m', '50', ...urls);
  assert.match(stdout, /20000 total, 20000 started, 20000 done, 16000 succeeded, 4000 failed, 0 errored, 0 timeout/);
  assert.match(stdout, /status codes: 16000 2xx, 0 3xx, 4000 4xx, 0 5xx/);
  await origin.saw('/public/4');
  assert.ok(!origin.seen.some(({ path }) => path === '/secret'));
});

test('a changed policy judges the next stream of a connection that is open', async (t) => {
  const { web, api, agent } = await scene(t);
  const connection = new Http2Client(web.namespace, 'node', url(api.address[4], 80, ''));
  const first = await connection.get('/public/a');
  assert.equal(first.status, 200);
  const slow = connection.ask({ method: 'PUT', path: '/public/slow', upload: big });
  await agent.changePolicy('p.yaml', egressHttp('web', 'api', 80, ['{method: GET, path: "/other"}']));
  assert.equal((await connection.get('/public/b')).status, 403);
  assert.equal((await connection.get('/other')).status, 200);
  assert.equal((await slow).text, `origin PUT /public/slow ${big}\n`, 'what was allowed goes on');
  await agent.changePolicy('p.yaml', egressHttp('web', 'api', 80, rules));
  const last = await connection.get('/public/c');
  assert.deepEqual([last.status, last.localPort], [200, first.localPort], 'on the same connection');
});

test('100 MiB each way, beside denied streams', async (t) => {
  const { web, api, origin } = await scene(t);
  const connection = new Http2Client(web.namespace, 'node', url(api.address[4], 80, ''));
  const [up, down, ...denied] = await Promise.all([
    connection.ask({ method: 'PUT', path: '/public/up', upload: big }),
    connection.get(`/public/bytes/${big}`),
    ...Array.from({ length: 20 }, () => connection.get('/secret')),
  ]);
  assert.deepEqual([up.text, up.error], [`origin PUT /public/up ${big}\n`, undefined]);
  assert.deepEqual([down.status, down.received, down.error], [200, big, undefined]);
  assert.ok(denied.every(({ status, text }) => status === 403 && text === refused.text));

  // A sparse file: 100 MiB long and without a block on the disk.
  const directory = mkdtempSync(join(tmpdir(), 'sluice-http2-'));
  t.after(() => rmSync(directory, { recursive: true }));
  const file = join(directory, 'zeros');
  writeFileSync(file, '');
  truncateSync(file, big);
  const at = (path: string): string => url(api.address[4], 80, path);
  const put = await curl(web.namespace, at('/public/curl'), '--http2-prior-knowledge', '--upload-file', file);
  assert.equal(put.body, `origin PUT /public/curl ${big}\n`);
  assert.equal((await origin.saw('/public/curl')).received, big);
  const get = `curl -s --max-time 20 --http2-prior-knowledge '${at(`/public/bytes/${big}`)}' | wc -c`;
  assert.equal(Number((await web.namespace.run('sh', '-c', get)).stdout), big);
});

test('a WebSocket over a stream is judged by its path, and what it carries passes', async (t) => {
  const { web, api, origin, agent } = await scene(t);
  const connection = new Http2Client(web.namespace, 'node', url(api.address[4], 80, ''));
  const open = (path: string): ReturnType<Http2Client['ask']> =>
    connection.ask({ method: 'CONNECT', path, echo: 'over a stream' });
  const [chat, other, plain] = await Promise.all([open('/chat'), open('/public/chat'), connection.get('/public/p')]);
  assert.deepEqual([chat.status, chat.text], [200, 'over a stream']);
  assert.equal(other.status, 403);
  assert.equal(plain.status, 200);
  await origin.saw('/public/p');
  assert.deepEqual(origin.seen.map(({ path }) => path).toSorted(), ['/chat', '/public/p']);
  const verdicts = (await agent.requests(3)).map(({ verdict, l7 }) =>
    l7?.protocol === 'http' ? `${verdict} ${l7.method} ${l7.target}` : '',
  );
  assert.deepEqual(verdicts.toSorted(), ['ALLOW CONNECT /chat', 'ALLOW GET /public/p', 'DENY CONNECT /public/chat']);
});
