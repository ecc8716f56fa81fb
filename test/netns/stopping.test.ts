/** What an agent does that is about to end: whoever is under way comes to an end, and whoever comes meanwhile is served. */

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import type { Agent } from './agent.ts';
import { eventually } from './eventually.ts';
import { chunked, get, KeepAlive } from './keep-alive.ts';
import { Origin } from './origin.ts';
import { egressHttp } from './policies.ts';
import { agentOf, topologyOf } from './scene.ts';
import { type Station, url } from './topology.ts';
import { upload } from './upload.ts';

interface Scene {
  readonly agent: Agent;
  readonly web: Station;
  readonly api: Station;
  readonly origin: Origin;
  readonly begin: () => Promise<() => Promise<string>>;
}

async function sceneOf(t: TestContext): Promise<Scene> {
  const topology = topologyOf(t);
  const [web, api] = [topology.routed('web'), topology.routed('api')];
  const origin = await Origin.start(api.namespace, 80);
  const agent = await agentOf(topology, {
    policies: { 'p.yaml': egressHttp('web', 'api', 80, ['{method: "GET|POST", path: "/public/.*"}']) },
    workloads: [web, api],
  });
  const begin = () => upload(agent, web.namespace, url(api.address[4], 80, '/public/upload'));
  return { agent, web, api, origin, begin };
}

function isRunning(pid: number | undefined): boolean {
  return existsSync(`/proc/${pid}`);
}

async function isGone(pid: number | undefined): Promise<void> {
  await eventually(`process ${pid} ends`, () => !isRunning(pid) || undefined);
}

test('who is doubted while the agent drains is taken over and answered', async (t) => {
  const { agent, web, api, origin, begin } = await sceneOf(t);
  const finish = await begin();
  using odd = await KeepAlive.connect(web.namespace, api.address[4], 80);
  using denied = await KeepAlive.connect(web.namespace, api.address[4], 80);
  for (const client of [odd, denied]) assert.equal(await client.status(get('/public/before')), '200');
  const stopped = agent.stop();
  await eventually('the agent drains', () => agent.log.includes('stopping') || undefined);
  assert.equal(await odd.status(chunked('/public/odd')), '200');
  assert.equal(await denied.status(get('/secret')), '403');
  assert.equal(await odd.status(chunked('/public/again')), '200', 'it went back, and was taken over once more');
  assert.equal(await finish(), '200', 'that was within the time of the drain');
  assert.equal(await stopped, 0);
  assert.equal(await odd.status(get('/secret/unjudged')), '200', 'it goes on, between its ends alone');
  assert.ok(!origin.seen.some(({ path }) => path === '/secret'));
});

test('a body that lasts stays with the old agent, which ends with it', async (t) => {
  const { agent, begin } = await sceneOf(t);
  const finish = await begin();
  const before = agent.pid;
  await agent.start();
  assert.ok(isRunning(before), 'it is not through');
  assert.equal(await finish(), '200');
  await isGone(before);
  assert.equal(await agent.stop(), 0);
});

test('a third agent does not wait for what the first one still has to hand over', async (t) => {
  const { agent, begin } = await sceneOf(t);
  const finish = await begin();
  const first = agent.pid;
  await agent.start();
  const second = agent.pid;
  const third = agent.start();
  await eventually('the first is told', () => agent.log.includes('no further boundary') || undefined);
  assert.equal(await finish(), '200', 'it drains');
  await third;
  await isGone(first);
  await isGone(second);
  assert.equal((await agent.status()).pid, agent.pid);
  assert.equal(await agent.stop(), 0);
});

test('SIGTERM to the new agent ends both, and to the old one that one alone', async (t) => {
  const { agent, begin } = await sceneOf(t);
  const [first, uploads] = [agent.pid, [await begin(), await begin()]];
  await agent.start();
  const second = agent.pid;
  const stopped = agent.stop();
  await eventually('the first is told', () => agent.log.includes('no further boundary') || undefined);
  for (const finish of uploads) assert.equal(await finish(), '200');
  assert.equal(await stopped, 0);
  await isGone(first);
  await isGone(second);
  assert.ok(!agent.log.includes('this one goes on'));

  await agent.start();
  const finish = await begin();
  const old = agent.pid ?? 0;
  await agent.start();
  const from = agent.log.length;
  process.kill(old, 'SIGTERM');
  await eventually('the old one is told', () => agent.log.includes('no further boundary', from) || undefined);
  assert.equal(await finish(), '200');
  await isGone(old);
  assert.equal((await agent.status()).pid, agent.pid);
  assert.equal(await agent.stop(), 0);
});
