/** One L7 rule: what it allows passes untouched, everything else is refused by the agent and never reaches the server. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { curl } from './curl.ts';
import { Origin } from './origin.ts';
import { egressHttp, onlyPublic } from './policies.ts';
import { agentOf, topologyOf } from './scene.ts';
import { families, url } from './topology.ts';

for (const family of families) {
  test(`IPv${family}: allowed requests reach the server, denied ones get 403`, async (t) => {
    const topology = topologyOf(t);
    const [web, api] = [topology.routed('web'), topology.routed('api')];
    const origin = await Origin.start(api.namespace, 80);
    const agent = await agentOf(topology, {
      policies: { 'web.yaml': egressHttp('web', 'api', 80, onlyPublic) },
      workloads: [web, api],
    });
    const at = (path: string): string => url(api.address[family], 80, path);

    const allowed = await curl(web.namespace, at('/public/a?b=c'));
    assert.deepEqual([allowed.status, allowed.body], [200, 'origin GET /public/a?b=c 0\n']);
    // The kernel judged it, and told it before the answer was there: who looks sees it at once.
    assert.deepEqual(
      (await agent.flows()).filter(({ l7 }) => l7 !== undefined).map(({ verdict, status }) => [verdict, status]),
      [['ALLOW', 200]],
    );

    const denied = await curl(web.namespace, at('/secret'), '--include');
    assert.equal(denied.status, 403);
    assert.match(denied.body, /^HTTP\/1\.1 403 Forbidden\r\n/);
    assert.match(denied.body, /\r\ncontent-type: text\/plain\r\n/i);
    assert.match(denied.body, /\r\n\r\nAccess denied\r\n$/);

    const method = await curl(web.namespace, at('/public/a'), '--data', 'x=1');
    assert.equal(method.status, 403);
    assert.equal((await curl(web.namespace, at('/public/last'))).status, 200);

    await origin.saw('/public/last');
    assert.deepEqual(
      origin.seen.map(({ path }) => path),
      ['/public/a?b=c', '/public/last'],
    );
    const verdicts = (await agent.requests(4)).map(
      (flow) => `${flow.verdict} ${flow.l7?.protocol === 'http' ? flow.l7.method : ''} ${flow.source.name}`,
    );
    assert.deepEqual(verdicts, [
      'ALLOW GET default/web',
      'DENY GET default/web',
      'DENY POST default/web',
      'ALLOW GET default/web',
    ]);
  });

  test(`IPv${family}: a denied request leaves its connection usable`, async (t) => {
    const topology = topologyOf(t);
    const [web, api] = [topology.routed('web'), topology.routed('api')];
    await Origin.start(api.namespace, 80);
    await agentOf(topology, {
      policies: { 'web.yaml': egressHttp('web', 'api', 80, onlyPublic) },
      workloads: [web, api],
    });
    const paths = ['/public/1', '/secret', '/public/2'].map((path) => url(api.address[family], 80, path));
    const { stdout, code } = await web.namespace.run(
      ...(['curl', '-sg', '--max-time', '10', '-w', '[%{http_code} %{num_connects}]', ...paths] as const),
    );
    assert.equal(code, 0);
    assert.deepEqual(stdout.match(/\[.*?\]/g), ['[200 1]', '[403 0]', '[200 0]']);
  });
}
