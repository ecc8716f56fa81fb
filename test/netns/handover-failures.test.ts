/** A hand-over that comes to nothing: one of the two agents is in force all the same, and nothing that is denied passes. */

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { BpfMap } from '../../native/index.ts';
import { Channel } from '../../src/handover/channel.ts';
import type { FromNew, FromOld } from '../../src/handover/messages.ts';
import { handoverSocketPath } from '../../src/handover/socket-path.ts';
import type { Agent } from './agent.ts';
import { curl } from './curl.ts';
import { eventually } from './eventually.ts';
import { Load } from './load.ts';
import { Origin } from './origin.ts';
import { egressHttp, onlyPublic } from './policies.ts';
import { agentOf, topologyOf } from './scene.ts';
import { type Station, url } from './topology.ts';
import { upload } from './upload.ts';

interface Scene {
  readonly agent: Agent;
  readonly web: Station;
  readonly origin: Origin;
  readonly at: (path: string) => string;
}

async function sceneOf(t: TestContext): Promise<Scene> {
  const topology = topologyOf(t);
  const [web, api] = [topology.routed('web'), topology.routed('api')];
  const origin = await Origin.start(api.namespace, 80);
  const agent = await agentOf(topology, {
    policies: { 'p.yaml': egressHttp('web', 'api', 80, onlyPublic) },
    workloads: [web, api],
  });
  return { agent, web, origin, at: (path) => url(api.address[4], 80, path) };
}

/** New connections are judged, and the agent with this process answers for it. */
async function inForce({ agent, web, at }: Scene, pid: number | undefined, word: string): Promise<void> {
  await eventually(
    'the agent answers',
    async () => {
      const status = await agent.status().catch(() => undefined);
      return status?.pid === pid || undefined;
    },
    60_000,
  );
  assert.equal((await curl(web.namespace, at(`/public/${word}`))).status, 200);
  assert.equal((await curl(web.namespace, at(`/secret/${word}`))).status, 403);
}

/** Says what a new agent would. */
class Impostor {
  readonly heard: FromOld[] = [];
  ended = false;
  readonly channel: Channel<FromNew, FromOld>;

  constructor(instance: string) {
    this.channel = new Channel(handoverSocketPath(instance), {
      onMessage: (message) => this.heard.push(message),
      onEnd: () => {
        this.ended = true;
      },
    });
  }

  async answer(type: FromOld['type']): Promise<FromOld> {
    return eventually(`the answer ${type}`, () => this.heard.find((message) => message.type === type));
  }
}

test('a new agent that dies on its way leaves the old one in force, whatever it had exchanged', async (t) => {
  const scene = await sceneOf(t);
  const { agent, web, origin, at } = scene;
  const { pid } = agent;
  // Judged connections, which neither agent has a part in.
  const load = new Load(web.namespace, { connections: 8, base: at(''), paths: ['/public/load'], pauseMs: 20 });
  await load.further('/public/load', 200, 20);
  for (const moment of ['taking over from', 'going on with', 'info  ready']) {
    // So the old agent is not through when the new one is ready.
    const finish = await upload(agent, web.namespace, at('/public/upload'));
    assert.equal((await agent.rival(moment)).code, null);
    await inForce(scene, pid, 'after');
    assert.equal(await finish(), '200', `what the old agent had under way goes on, after: ${moment}`);
    await load.further('/public/load', 200, 20);
  }
  assert.equal(await agent.handOver(), 0, 'the next one takes over');
  await inForce(scene, agent.pid, 'taken');
  const { failures } = await load.stop();
  assert.deepEqual(failures, {});
  assert.ok(!origin.seen.some(({ path }) => path.startsWith('/secret')));
  assert.equal(await agent.stop(), 0);
});

test('an old agent that dies while it is taken over from leaves the new one in force', async (t) => {
  const scene = await sceneOf(t);
  const { agent, web, origin, at } = scene;
  const load = new Load(web.namespace, { connections: 8, base: at(''), paths: ['/public/load'], pauseMs: 20 });
  await load.further('/public/load', 200, 20);
  for (const moment of ['taking over from', 'going on with']) {
    await agent.startAndKillBefore(moment);
    await inForce(scene, agent.pid, 'after');
    await load.further('/public/load', 200, 20);
  }
  assert.equal(await agent.handOver(), 0);
  const { failures } = await load.stop();
  assert.deepEqual(failures, {});
  assert.ok(!origin.seen.some(({ path }) => path.startsWith('/secret')));
  assert.equal(await agent.stop(), 0);
});

test('maps of another layout are refused by name, and the running agent stays in force', async (t) => {
  const scene = await sceneOf(t);
  const { agent } = scene;
  {
    using layouts = BpfMap.openPinned(`/sys/fs/bpf/${agent.instance}/maps/layouts`);
    const key = Buffer.alloc(4);
    const text = layouts.get(key)?.toString('latin1') ?? '';
    const doctored = text.replace(/("struct conn":")../, '$1zz');
    assert.notEqual(doctored, text);
    layouts.put(key, Buffer.from(doctored, 'latin1'));
  }
  const { code, log } = await agent.rival();
  assert.equal(code, 1);
  assert.match(log, /can't go on with its maps: struct conn differ.*stays in force.*SIGTERM/);
  await inForce(scene, agent.pid, 'after');
  await agent.kill();
  await assert.rejects(agent.start(), /struct conn differ/, 'what a dead agent left is refused likewise');
});

test('another protocol and a second new agent are refused with the reason', async (t) => {
  const scene = await sceneOf(t);
  const { agent } = scene;
  const hello = { type: 'hello', protocol: 2, version: '9.9', pid: process.pid } as const;

  const foreign = new Impostor(agent.instance);
  foreign.channel.send({ ...hello, protocol: 99 });
  assert.match(JSON.stringify(await foreign.answer('refused')), /by protocol 2, not by 99/);
  await eventually('it hangs up', () => foreign.ended || undefined);

  const first = new Impostor(agent.instance);
  first.channel.send(hello);
  await first.answer('welcome');
  const { code, log } = await agent.rival();
  assert.equal(code, 1);
  assert.match(log, /another new agent is just taking over from it\. It stays in force/);
  first.channel.close();
  await eventually('the old agent goes on', () => agent.log.includes('this one goes on') || undefined);
  await inForce(scene, agent.pid, 'after');
  assert.equal(await agent.handOver(), 0, agent.log);
  assert.equal(await agent.stop(), 0);
});
