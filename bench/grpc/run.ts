/**
 * `make bench-grpc`: unary calls over HTTP/2 by h2load, every peer under both loads, in interleaved rounds; medians.
 * The CPU time is that of the peer's process alone, all threads.
 *
 *     [ENVOY=/path/to/envoy] scripts/node bench/grpc/run.ts [--rounds 5] [--seconds 3]
 */

import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { table } from '../../src/cli/table.ts';
import { usageOf } from '../peer.ts';
import { median } from '../report.ts';
import { createScene, type Scene } from '../scene.ts';
import { answersCall, type Load, type Outcome, runH2load } from './h2load.ts';
import { callPort, direct, envoy, type GrpcPeer, haproxy, sluice } from './peers.ts';

const peers: readonly GrpcPeer[] = [direct, sluice, haproxy, envoy];
const loads: readonly Load[] = [
  { name: '8 connections × 16 streams', connections: 8, streams: 16 },
  { name: '1 connection × 100 streams', connections: 1, streams: 100 },
];

const { values: options } = parseArgs({
  options: { rounds: { type: 'string', default: '5' }, seconds: { type: 'string', default: '3' } },
});

interface Measured {
  readonly peer: string;
  readonly load: string;
  readonly outcome: Outcome;
  /** Of the peer's process, a request. */
  readonly cpuUs: number | undefined;
  readonly peakBytes: number | undefined;
}

/** Answers every call from memory. */
function startOrigin(scene: Scene): void {
  const file = join(scene.directory, 'h2.cfg');
  writeFileSync(
    file,
    `global
  nbthread 1
defaults
  mode http
  timeout client 1m
frontend f
  bind :${callPort} proto h2
  http-request return status 200 content-type application/grpc string "reply of 21 octets ..."
`,
  );
  scene.server.namespace.spawn('haproxy', ['-db', '-q', '-f', file], { stdio: 'ignore' });
}

async function measure(scene: Scene, peer: GrpcPeer, load: Load): Promise<Measured | undefined> {
  const running = await peer.start(scene);
  if ('missing' in running) {
    process.stdout.write(`${peer.name} is not measured: ${running.missing}\n`);
    return undefined;
  }
  try {
    await answersCall(scene, running.base);
    await runH2load(scene, running.base, load, 1); // warms up caches and compilers
    const before = running.pid === undefined ? undefined : usageOf(running.pid);
    const outcome = await runH2load(scene, running.base, load, Number(options.seconds));
    const after = running.pid === undefined ? undefined : usageOf(running.pid);
    const cpuUs = before && after && (after.cpuUs - before.cpuUs) / outcome.requests;
    return { peer: peer.name, load: load.name, outcome, cpuUs, peakBytes: after?.peakBytes };
  } finally {
    await running.stop();
  }
}

const results: Measured[] = [];
{
  using scene = await createScene();
  startOrigin(scene);
  for (let round = 1; round <= Number(options.rounds); round++) {
    for (const load of loads) {
      for (const peer of peers) {
        const measured = await measure(scene, peer, load);
        if (measured === undefined) continue;
        results.push(measured);
        const rate = Math.round(measured.outcome.requestsPerSecond);
        process.stdout.write(`round ${round} ${load.name} ${peer.name}: ${rate} req/s\n`);
      }
    }
  }
}

const rows = loads.flatMap((load) => {
  const rates = new Map<string, number>();
  return peers.flatMap((peer) => {
    const group = results.filter((one) => one.load === load.name && one.peer === peer.name);
    if (group.length === 0) return [];
    const of = (value: (one: Measured) => number | undefined): number => median(group.map((one) => value(one) ?? 0));
    const rate = of(({ outcome }) => outcome.requestsPerSecond);
    rates.set(peer.name, rate);
    const measuresCpu = group[0]?.cpuUs !== undefined;
    return [
      [
        load.name,
        peer.name,
        rate.toFixed(0),
        (rate / (rates.get(direct.name) ?? rate)).toFixed(2),
        of(({ outcome }) => outcome.meanUs).toFixed(0),
        measuresCpu ? of(({ cpuUs }) => cpuUs).toFixed(1) : '-',
        measuresCpu ? (of(({ peakBytes }) => peakBytes) / 1024 ** 2).toFixed(0) : '-',
        String(of(({ outcome }) => outcome.failed)),
      ],
    ];
  });
});
const kernel = execFileSync('uname', ['-r'], { encoding: 'utf8' }).trim();
process.stdout.write(`\nkernel ${kernel}, ${cpus().length} × ${cpus()[0]?.model ?? 'unknown processor'}\n\n`);
process.stdout.write(table(['LOAD', 'PEER', 'REQ/S', 'RATIO', 'MEAN µs', 'CPU µs', 'PEAK MiB', 'FAILED'], rows));
