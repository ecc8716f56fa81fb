/**
 * A connection that is older than its rule, or than the agent: its client goes on where it can be told that it is its turn,
 * else it is reset, so that it connects anew; and nothing is passed.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { curl } from './curl.ts';
import { eventually } from './eventually.ts';
import { chunked, get, KeepAlive } from './keep-alive.ts';
import { type Lines, linesOfScript } from './lines.ts';
import { Load } from './load.ts';
import { Origin } from './origin.ts';
import { egressAllow, egressHttp, httpTo, ingressHttp, onlyPublic } from './policies.ts';
import { agentOf, topologyOf } from './scene.ts';
import { families, url } from './topology.ts';

const allowed = ['{method: "GET|POST", path: "/public/.*"}'];

for (const args of [[], ['--no-judge']]) {
  test(`connections that were opened without the agent begin anew under its rules ${args.join()}`, async (t) => {
    const topology = topologyOf(t);
    const [web, api] = [topology.routed('web'), topology.routed('api')];
    const origin = await Origin.start(api.namespace, 80);
    const load = new Load(web.namespace, {
      connections: 8,
      base: url(api.address[4], 80, ''),
      paths: ['/public/a', '/secret'],
    });
    await load.further('/secret', 200, 50);
    await agentOf(topology, {
      policies: { 'p.yaml': egressHttp('web', 'api', 80, onlyPublic) },
      workloads: [web, api],
      args,
    });
    await load.further('/secret', 403, 50);
    const passed = origin.seen.filter(({ path }) => path === '/secret').length;
    await load.further('/public/a', 200, 50);
    await load.further('/secret', 403, 50);
    const { failures } = await load.stop();
    assert.equal(origin.seen.filter(({ path }) => path === '/secret').length, passed, 'none passes any more');
    // Each of the eight was reset at most once, with the request that was under way.
    const failed = Object.values(failures).reduce((sum, count) => sum + count, 0);
    assert.ok(failed <= 8, JSON.stringify(failures));
  });
}

for (const family of families) {
  for (const [role, policy] of [
    ['client', egressHttp('web', 'api', 80, allowed)],
    ['server', ingressHttp('api', 'web', 80, allowed)],
  ] as const) {
    test(`IPv${family}, at the ${role}: a client that waits for no answer goes on`, async (t) => {
      const topology = topologyOf(t);
      const [web, api] = [topology.routed('web'), topology.routed('api')];
      const origin = await Origin.start(api.namespace, 80);
      using client = await KeepAlive.connect(web.namespace, api.address[family], 80);
      using unused = await KeepAlive.connect(web.namespace, api.address[family], 80);
      assert.equal(await client.status(get('/secret')), '200');
      const agent = await agentOf(topology, { policies: { 'p.yaml': policy }, workloads: [web, api] });
      assert.equal(await client.status(get('/public/a')), '200');
      assert.equal(await client.status(get('/secret')), '403');
      assert.equal(await client.status(chunked('/public/b')), '200');
      assert.equal(await unused.status(get('/secret')), '403');
      assert.equal(await unused.status(get('/public/c')), '200');
      assert.equal(await agent.counter('takeovers_adopted'), 2);
      assert.equal(origin.seen.filter(({ path }) => path === '/secret').length, 1);
      assert.equal(new Set(origin.seen.map(({ port }) => port)).size, 2, "under the clients' own ports");
    });
  }
}

for (const family of families) {
  test(`IPv${family}: an open connection comes under a rule while the agent runs, and goes on`, async (t) => {
    const topology = topologyOf(t);
    const [web, api] = [topology.routed('web'), topology.routed('api')];
    const origin = await Origin.start(api.namespace, 80);
    const anything = egressAllow('web', 'api', 80);
    const agent = await agentOf(topology, { policies: { 'p.yaml': anything }, workloads: [web, api] });
    using client = await KeepAlive.connect(web.namespace, api.address[family], 80);
    assert.equal(await client.status(get('/secret')), '200');
    await agent.changePolicy('p.yaml', egressHttp('web', 'api', 80, allowed));
    assert.equal(await client.status(get('/public/a')), '200');
    assert.equal(await client.status(get('/secret')), '403');
    assert.equal(await client.status(get('/public/b')), '200');
    assert.equal(await agent.counter('takeovers_adopted'), 1);
    assert.equal(origin.seen.filter(({ path }) => path === '/secret').length, 1);
  });
}

for (const family of families) {
  test(`IPv${family}: a client of a host process goes on, too`, async (t) => {
    const topology = topologyOf(t);
    const web = topology.routed('web');
    const origin = await Origin.start(topology.host, 9080);
    const gateway = { 4: '10.77.1.1', 6: 'fd77:1::1' }[family];
    using client = await KeepAlive.connect(web.namespace, gateway, 9080);
    assert.equal(await client.status(get('/secret')), '200');
    const agent = await agentOf(topology, {
      policies: { 'p.yaml': httpTo('web', 'egress', 'toEntities: [host]', 9080, allowed) },
      workloads: [web],
    });
    assert.equal(await client.status(get('/public/a')), '200');
    assert.equal(await client.status(get('/secret')), '403');
    assert.equal(await client.status(get('/public/b')), '200');
    assert.equal(await agent.counter('takeovers_adopted'), 1);
    assert.equal(origin.seen.filter(({ path }) => path === '/secret').length, 1);
  });
}

test('a client that waits for an answer hears with its server that their connection is over', async (t) => {
  const topology = topologyOf(t);
  const [web, api] = [topology.routed('web'), topology.routed('api')];
  const server = linesOfScript(api.namespace, 'half-answer-origin.ts', '80');
  await eventually('the server listens', () => server.all[0]);
  const clients = families.map((family) =>
    linesOfScript(web.namespace, 'half-answer-client.ts', api.address[family], '80', '2'),
  );
  const say = (lines: Lines, line: string): number => lines.all.filter((one) => one === line).length;
  await eventually('half of each answer has come', () => clients.every((each) => say(each, 'half') === 2) || undefined);
  const agent = await agentOf(topology, {
    policies: { 'p.yaml': ingressHttp('api', 'web', 80, allowed) },
    workloads: [web, api],
  });
  assert.equal((await curl(web.namespace, url(api.address[4], 80, '/public/rest'))).status, 204);
  await eventually('the clients hear of it', () => clients.every((each) => say(each, 'ECONNRESET') === 2) || undefined);
  await eventually('and the server', () => say(server, 'ECONNRESET') === 4 || undefined);
  for (const client of clients) assert.equal(say(client, 'more'), 0, 'of what the server said it got no byte');
  assert.equal(await agent.counter('takeovers_adopted'), 0);
});

test('what a client left undone before takes nothing past the rules', async (t) => {
  const topology = topologyOf(t);
  const [web, api] = [topology.routed('web'), topology.routed('api')];
  const origin = await Origin.start(api.namespace, 80);
  const hidden = get('/secret');
  const rest = `GET /public/a HTTP/1.1\r\nHost: origin\r\nContent-Length: ${hidden.length}\r\n\r\n`;
  const begun = (path: string, ...fields: string[]): string =>
    [`POST ${path} HTTP/1.1`, 'Host: origin', `Content-Length: ${rest.length}`, ...fields, '', ''].join('\r\n');
  const connect = (): Promise<KeepAlive> => KeepAlive.connect(web.namespace, api.address[4], 80);
  // The server waits for a body, and its last word was its own.
  using continued = await connect();
  assert.equal(await continued.status(begun('/public/1', 'Expect: 100-continue')), '100');
  // It waits for a body and has said nothing, it owes an answer, and has half a head.
  using silent = await connect();
  const unanswered = silent.ask(begun('/public/2'));
  using owed = await connect();
  const late = owed.ask(get('/public/slow/60000'));
  using halved = await connect();
  const half = halved.ask('GET /public/3 HTTP/1.1\r\nX: ');
  const agent = await agentOf(topology, {
    policies: { 'p.yaml': ingressHttp('api', 'web', 80, allowed) },
    workloads: [web, api],
  });
  assert.equal(await continued.status(rest + hidden), '200', 'with a new connection of its server');
  for (const client of [silent, owed, halved]) client.send(rest + hidden);
  for (const answer of [unanswered, late, half]) assert.equal(await answer, 'ECONNRESET');
  assert.deepEqual(
    origin.seen.map(({ path }) => path).filter((path) => path.includes('secret')),
    [],
  );
  assert.equal(await agent.counter('takeovers_adopted'), 1);
  assert.equal(await agent.counter('takeovers_refused'), 3);
});
