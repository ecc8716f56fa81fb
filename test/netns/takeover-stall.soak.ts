/**
 * How long a takeover stops its connection over a bad network, against the time-outs that the connection's own ends had just
 * before. What the network takes is seen beside it: the same request of connections that the kernel goes on to judge.
 */

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { BadWire } from './bad-wire.ts';
import { ingressHttp } from './policies.ts';
import { agentOf, topologyOf } from './scene.ts';

/** Of each kind. */
const count = Number(process.env.TAKEOVERS ?? '2000');
const atOnce = 16;

interface Measured {
  readonly kind: 'judged' | 'doubted' | 'denied';
  readonly ms: number;
  readonly rtoMs: number;
}

const skip = existsSync('/dev/net/tun') ? false : 'kernel feature missing: tun';

function beside(name: string): string {
  return fileURLToPath(new URL(name, import.meta.url));
}

async function measure(t: TestContext, bad: 'client' | 'server'): Promise<void> {
  const topology = topologyOf(t);
  const [web, api] = [topology.routed('web'), topology.routed('api')];
  const origin = api.namespace.spawn('python3', [beside('stall-origin.py'), '80'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(origin.stdout ?? origin, 'data');
  const agent = await agentOf(topology, {
    policies: { 'p.yaml': ingressHttp('api', 'web', 80, ['{method: "GET", path: "/public/.*"}']) },
    workloads: [web, api],
  });
  // The kernel would remember the time-outs of these two hosts' earlier connections: here each is the first one.
  const namespace = ['netns', 'exec', `${agent.instance}-ingress`];
  execFileSync('ip', [...namespace, 'sysctl', '-qw', 'net.ipv4.tcp_no_metrics_save=1']);
  const [station, other] = bad === 'client' ? [web, api] : [api, web];
  const seed = Date.now() % 2 ** 31;
  const weather = { mtu: 1500, delay: 0.02, loss: 0.01, duplicate: 0.02, reorder: 0.05, seed, family: 4 } as const;
  const wire = await BadWire.start(topology, station, other, weather);
  const asked = [beside('stall-client.py'), api.address[4], '80', String(3 * count), String(atOnce)];
  const { code, stdout, stderr } = await web.namespace.run('python3', ...asked);
  assert.equal(code, 0, stderr);
  const damage = await wire.end();
  const measured = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Measured);
  assert.equal(measured.length, 3 * count);
  const taken = await agent.counter('takeovers_taken_over');
  t.diagnostic(`${JSON.stringify(damage)}, seed ${seed}, ${taken} takeovers`);
  assert.ok(taken > 1.9 * count);
  // An exchange without loss, and the round trip that what is sent again takes, too.
  const usual = median(measured.filter(({ kind }) => kind === 'judged').map(({ ms }) => ms));
  for (const kind of ['judged', 'doubted', 'denied'] as const) {
    const stalls = measured.filter((one) => one.kind === kind).map(({ ms, rtoMs }) => (ms - 2 * usual) / rtoMs);
    const beyond = stalls.filter((stall) => stall > 1).length;
    const longest = stalls.sort((a, b) => b - a).slice(0, 8);
    const rounded = longest.map((stall) => stall.toFixed(2)).join(' ');
    t.diagnostic(`${kind}: ${beyond} of ${stalls.length} beyond one time-out; the longest, in time-outs: ${rounded}`);
    // A loss, and the loss of what is sent again: one in 2,500 of a packet each way.
    assert.ok(beyond <= 5 + stalls.length / 500, `${kind}: ${beyond} stalls beyond one time-out`);
  }
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

for (const bad of ['client', 'server'] as const) {
  test(`a takeover stalls for one time-out at most, loss 1 %, 20 ms at the ${bad}`, { skip }, (t) => measure(t, bad));
}
