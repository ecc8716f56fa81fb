/**
 * `make bench-kafka`: Kafka's own performance tools against Apache Kafka: direct, through a plain relay in Node, through
 * Sluice with 1, 100 and 10,000 topic rules, and through Kroxylicious without filters. Interleaved rounds, medians, ratios
 * to direct: never absolute claims. Results are kept as JSON and drawn as SVG under bench/results/.
 *
 *     scripts/node bench/kafka/run.ts [--rounds 3] [--records 500000] [--ways NAME;…]
 */

import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { missingBroker, startRealBroker } from '../../test/kafka/real-broker.ts';
import { Topology } from '../../test/netns/topology.ts';
import { usageOf } from '../peer.ts';
import { consume, produce } from './perf.ts';
import { keep, type Measured, summarise, text } from './report.ts';
import { readTopic, recordBytes, type Scene, writeTopic } from './scene.ts';
import { type Way, ways } from './ways.ts';

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    records: { type: 'string', default: '500000' },
    ways: { type: 'string' },
  },
});
const rounds = Number(options.rounds);
const records = Number(options.records);
const chosen = ways.filter(({ name }) => options.ways === undefined || options.ways.split(';').includes(name));
/** For the latency: a third or less of what this machine can do, so that queues say nothing. */
const latencyRate = 5000;

const mebibytes = (records * recordBytes) / 1024 / 1024;

function residentBytes(pid: number): number {
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1024;
}

/** CPU time of the process while `what` runs, microseconds a MiB of records. */
async function priced<T>(pid: number | undefined, what: () => Promise<T>): Promise<[T, number | undefined]> {
  if (pid === undefined) return [await what(), undefined];
  const before = usageOf(pid).cpuUs;
  const result = await what();
  return [result, (usageOf(pid).cpuUs - before) / mebibytes];
}

async function measure(way: Way, scene: Scene): Promise<Measured> {
  const { client } = scene;
  const running = await way.start(scene);
  const { bootstrap, pid } = running;
  let loadedBytes = 0;
  const timer = setInterval(() => {
    if (pid !== undefined) loadedBytes = Math.max(loadedBytes, residentBytes(pid));
  }, 200);
  try {
    const written = { topic: writeTopic, recordBytes };
    const { p99Ms } = await produce(client, bootstrap, { ...written, records: latencyRate * 6, rate: latencyRate });
    // What the start needed is no part of the load.
    loadedBytes = 0;
    const [{ recordsPerSecond: produced }, produceCpu] = await priced(pid, () =>
      produce(client, bootstrap, { ...written, records, rate: -1 }),
    );
    const [consumed, consumeCpu] = await priced(pid, () => consume(client, bootstrap, readTopic, records));
    const price = pid === undefined ? {} : { produceCpu, consumeCpu, loadedBytes, peakBytes: usageOf(pid).peakBytes };
    return { way: way.name, produced, consumed, p99Ms, ...price };
  } finally {
    clearInterval(timer);
    await running.stop();
  }
}

async function bench(topology: Topology): Promise<void> {
  const [client, kafka] = [topology.routed('client'), topology.routed('kafka')];
  const { bootstrap } = await startRealBroker(kafka, {
    tuning: 'speed',
    heapMiB: 1024,
    topics: [writeTopic, readTopic],
    properties: {
      'log.retention.bytes': String(1 << 30),
      'log.retention.check.interval.ms': '5000',
      'log.segment.bytes': String(1 << 27),
    },
  });
  const scene: Scene = { topology, client, kafka, bootstrap };
  await produce(client, bootstrap, { topic: readTopic, records, recordBytes, rate: -1 });

  const all: Measured[] = [];
  for (let round = 1; round <= rounds; round++) {
    for (const way of chosen) {
      const measured = await measure(way, scene);
      all.push(measured);
      const { produced, consumed, p99Ms } = measured;
      process.stdout.write(
        `round ${round}: ${way.name}: ${produced.toFixed(0)} in, ${consumed.toFixed(0)} out, p99 ${p99Ms} ms\n`,
      );
    }
  }
  const rows = summarise(all);
  process.stdout.write(`\n${text(rows)}\nkept in ${keep(rows, all, { rounds, records })}.json and .svg\n`);
}

const missing = missingBroker();
if (missing !== undefined) throw new Error(missing);
const topology = new Topology();
try {
  await bench(topology);
} finally {
  topology.delete();
}
