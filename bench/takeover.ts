/**
 * Takeovers with many connections at a time: each asks for two allowed paths and one that is not, in turn, and is taken over
 * at the latter. Prints how many were, quantiles of what building one took (`sluice_takeover_seconds`), and of what the client
 * waited for its answers: all its connections ask at once and are one process, so most of that is its own queue, and the
 * allowed paths say how much.
 *
 *     scripts/node bench/takeover.ts [--connections 1000]
 */

import { parseArgs } from 'node:util';
import { Agent } from '../test/netns/agent.ts';
import { Load } from '../test/netns/load.ts';
import { egressHttp } from '../test/netns/policies.ts';
import { createScene, originPort } from './scene.ts';

const { values: options } = parseArgs({ options: { connections: { type: 'string', default: '1000' } } });

using scene = await createScene();
const { topology, client, server } = scene;
const agent = await Agent.start(topology, {
  policies: { 'bench.yaml': egressHttp('client', 'server', originPort, ['{path: "/public/.*"}']) },
  workloads: [client],
  remote: [server],
});
try {
  const load = new Load(client.namespace, {
    connections: Number(options.connections),
    base: `http://${server.address[4]}:${originPort}`,
    paths: ['/public/small', '/public/small', '/denied'],
    requestsEach: 3,
    timed: true,
  });
  const { statuses, failures, latencies } = await load.end();
  const { counters } = await agent.status();
  const quantiles = (await agent.client.metrics())
    .split('\n')
    .filter((line) => line.startsWith('sluice_takeover_seconds'));
  for (const [answer, { p50, p99 }] of Object.entries(latencies))
    process.stdout.write(`${answer}: p50 ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms\n`);
  process.stdout.write(`answers: ${JSON.stringify(statuses)}\nfailures: ${JSON.stringify(failures)}\n`);
  for (const outcome of ['taken_over', 'abandoned', 'vanished', 'failed'])
    process.stdout.write(`${outcome}: ${counters[`takeovers_${outcome}`] ?? 0}\n`);
  process.stdout.write(`${quantiles.join('\n')}\n`);
} finally {
  await agent.dispose();
}
