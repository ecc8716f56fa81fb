/**
 * `make bench`: every peer under every load, in interleaved rounds on this machine; medians and ratios, never absolute
 * claims. Results are kept as JSON and drawn as SVG under bench/results/.
 *
 *     scripts/node bench/run.ts [--rounds 7] [--seconds 2] [--loads NAME,…] [--peers NAME,…]
 *
 * All peers of one number of rules are up at once, each asked by itself, so that no round pays for a start. Run time in BPF
 * is measured once a load, after its rounds: the kernel's statistics cost time themselves.
 */

import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { bpfRunTime, enableBpfStats } from './bpf-time.ts';
import { loads } from './loads.ts';
import { type Peer, type RunningPeer, usageOf } from './peer.ts';
import { direct } from './peers/direct.ts';
import { envoy, haproxy, nginx, nodeRelay } from './peers/explicit.ts';
import { sluiceJudged, sluiceProxied } from './peers/sluice.ts';
import { plot } from './plot.ts';
import { type Measured, summarise, table } from './report.ts';
import { createScene, type Scene } from './scene.ts';
import { type Outcome, runWrk } from './wrk.ts';

type Load = (typeof loads)[number];

const peers: readonly Peer[] = [direct, sluiceJudged, sluiceProxied, haproxy, nginx, envoy, nodeRelay];

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '7' },
    seconds: { type: 'string', default: '2' },
    loads: { type: 'string' },
    peers: { type: 'string' },
  },
});
const rounds = Number(options.rounds);
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

/** The peers of one number of rules, while they are up. */
class Field {
  readonly #scene: Scene;
  readonly #running = new Map<string, RunningPeer>();

  constructor(scene: Scene) {
    this.#scene = scene;
  }

  get names(): readonly string[] {
    return [...this.#running.keys()];
  }

  async start(rules: number): Promise<void> {
    for (const peer of chosenPeers) {
      const running = await peer.start(this.#scene, rules);
      if ('missing' in running) process.stdout.write(`${peer.name} is not measured: ${running.missing}\n`);
      else this.#running.set(peer.name, running);
    }
  }

  async run(name: string, load: Load, seconds: number): Promise<Outcome> {
    const { base, client = this.#scene.client } = this.#peer(name);
    return runWrk({ client, directory: this.#scene.directory }, base, load, seconds);
  }

  async measure(name: string, load: Load): Promise<Measured> {
    const { pid } = this.#peer(name);
    const before = pid === undefined ? undefined : usageOf(pid);
    const outcome = await this.run(name, load, Number(options.seconds));
    const usage = pid === undefined ? undefined : usageOf(pid);
    return {
      peer: name,
      load: load.name,
      outcome,
      ...(usage && before && { cpuUs: (usage.cpuUs - before.cpuUs) / outcome.requests, peakBytes: usage.peakBytes }),
    };
  }

  /** Microseconds in BPF a request. */
  async bpfUs(name: string, load: Load): Promise<number> {
    const disable = enableBpfStats();
    try {
      const before = bpfRunTime();
      const { requests } = await this.run(name, load, 1);
      return (bpfRunTime() - before) / 1000 / requests;
    } finally {
      disable();
    }
  }

  async stop(): Promise<void> {
    for (const running of this.#running.values()) await running.stop();
    this.#running.clear();
  }

  #peer(name: string): RunningPeer {
    const found = this.#running.get(name);
    if (!found) throw new Error(`${name} is not up`);
    return found;
  }
}

const results: Measured[] = [];
const bpfUs = new Map<string, number>();
const machine = `kernel ${execFileSync('uname', ['-r'], { encoding: 'utf8' }).trim()}, ${cpus().length} × ${cpus()[0]?.model ?? 'unknown processor'}, load average ${loadavg()[0]?.toFixed(2)} at the start`;
{
  using scene = await createScene();
  for (const [rules, loadsOfRules] of Map.groupBy(chosenLoads, (load) => load.rules)) {
    const field = new Field(scene);
    try {
      await field.start(rules);
      for (let round = 1; round <= rounds; round++) {
        for (const load of loadsOfRules) {
          for (const name of field.names) {
            if (round === 1) await field.run(name, load, 1); // warms up caches and compilers
            const measured = await field.measure(name, load);
            results.push(measured);
            const rate = Math.round(measured.outcome.requestsPerSecond);
            process.stdout.write(`round ${round} ${load.name} ${name}: ${rate} req/s\n`);
          }
        }
      }
      for (const load of loadsOfRules)
        for (const name of field.names.filter((one) => one.startsWith('sluice')))
          bpfUs.set(`${load.name} ${name}`, await field.bpfUs(name, load));
    } finally {
      await field.stop();
    }
  }
}

const summary = summarise(results, (load, peer) => bpfUs.get(`${load} ${peer}`));
const directory = join(fileURLToPath(new URL('.', import.meta.url)), 'results');
mkdirSync(directory, { recursive: true });
const stamp = new Date().toISOString().replaceAll(':', '-').slice(0, 19);
writeFileSync(join(directory, `${stamp}.json`), `${JSON.stringify({ machine, options, summary, results }, null, 2)}\n`);
writeFileSync(join(directory, `${stamp}.svg`), plot(summary));
process.stdout.write(`\n${machine}\n\n${table(summary)}\nkept in bench/results/${stamp}.json and .svg\n`);
