/**
 * `make bench`: every peer under every load, in interleaved rounds on this machine; medians and ratios, never absolute
 * claims. Results are kept as JSON and drawn as SVG under bench/results/.
 *
 *     scripts/node bench/run.ts [--rounds 7] [--seconds 3] [--loads NAME,…] [--peers NAME,…]
 */

import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { bpfRunTime, enableBpfStats } from './bpf-time.ts';
import { loads } from './loads.ts';
import { type Peer, type Usage, usageOf } from './peer.ts';
import { direct } from './peers/direct.ts';
import { envoy, haproxy, nginx, nodeRelay } from './peers/explicit.ts';
import { sluiceJudged, sluiceProxied } from './peers/sluice.ts';
import { plot } from './plot.ts';
import { type Measured, summarise, table } from './report.ts';
import { createScene, type Scene } from './scene.ts';
import { runWrk } from './wrk.ts';

const peers: readonly Peer[] = [direct, sluiceJudged, sluiceProxied, haproxy, nginx, envoy, nodeRelay];

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '7' },
    seconds: { type: 'string', default: '3' },
    loads: { type: 'string' },
    peers: { type: 'string' },
  },
});
const chosenLoads = chosen(loads, options.loads);
const chosenPeers = chosen(peers, options.peers);

function chosen<T extends { readonly name: string }>(all: readonly T[], names: string | undefined): readonly T[] {
  if (names === undefined) return all;
  return names.split(',').map((name) => {
    const found = all.find((one) => one.name === name);
    if (!found) throw new Error(`there is no ${name}; there are ${all.map((one) => one.name).join(', ')}`);
    return found;
  });
}

async function measure(scene: Scene, peer: Peer, load: (typeof loads)[number]): Promise<Measured | undefined> {
  const running = await peer.start(scene, load.rules);
  if ('missing' in running) {
    process.stdout.write(`${peer.name} is not measured: ${running.missing}\n`);
    return undefined;
  }
  try {
    await runWrk(scene, running.base, load, 1); // warms up caches and compilers
    const before: Usage | undefined = running.pid === undefined ? undefined : usageOf(running.pid);
    const outcome = await runWrk(scene, running.base, load, Number(options.seconds));
    const usage = running.pid === undefined ? undefined : usageOf(running.pid);
    const bpfUs = await bpfTimeOf(() => runWrk(scene, running.base, load, 1));
    if (usage === undefined || before === undefined) return { peer: peer.name, load: load.name, outcome, bpfUs };
    return {
      peer: peer.name,
      load: load.name,
      outcome,
      bpfUs,
      cpuUs: (usage.cpuUs - before.cpuUs) / outcome.requests,
      peakBytes: usage.peakBytes,
    };
  } finally {
    await running.stop();
  }
}

/** Microseconds a request, in a run of its own: the statistics cost time themselves. */
async function bpfTimeOf(run: () => Promise<{ readonly requests: number }>): Promise<number> {
  const disable = enableBpfStats();
  try {
    const before = bpfRunTime();
    const { requests } = await run();
    return (bpfRunTime() - before) / 1000 / requests;
  } finally {
    disable();
  }
}

const results: Measured[] = [];
{
  using scene = await createScene();
  for (let round = 1; round <= Number(options.rounds); round++) {
    for (const load of chosenLoads) {
      for (const peer of chosenPeers) {
        const measured = await measure(scene, peer, load);
        if (measured) results.push(measured);
        process.stdout.write(
          `round ${round} ${load.name} ${peer.name}: ${Math.round(measured?.outcome.requestsPerSecond ?? 0)} req/s\n`,
        );
      }
    }
  }
}

const summary = summarise(results);
const kernel = execFileSync('uname', ['-r'], { encoding: 'utf8' }).trim();
const machine = `kernel ${kernel}, ${cpus().length} × ${cpus()[0]?.model ?? 'unknown processor'}`;
const directory = join(fileURLToPath(new URL('.', import.meta.url)), 'results');
mkdirSync(directory, { recursive: true });
const stamp = new Date().toISOString().replaceAll(':', '-').slice(0, 19);
writeFileSync(join(directory, `${stamp}.json`), `${JSON.stringify({ machine, options, results }, null, 2)}\n`);
writeFileSync(join(directory, `${stamp}.svg`), plot(summary));
process.stdout.write(`\n${machine}\n\n${table(summary)}\nkept in bench/results/${stamp}.json and .svg\n`);
