/**
 * `make bench-kafka`: Kafka's own performance tools against Apache Kafka: direct, through a plain relay in Node, through
 * Sluice with 1, 100 and 10,000 topic rules. Interleaved rounds, medians, ratios to direct: never absolute claims.
 *
 *     scripts/node bench/kafka/run.ts [--rounds 3] [--records 500000]
 */

import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { table } from '../../src/cli/table.ts';
import { kafkaVersion, missingBroker, startRealBroker } from '../../test/kafka/real-broker.ts';
import { kafkaPort } from '../../test/kafka/station.ts';
import { Agent } from '../../test/netns/agent.ts';
import { eventually } from '../../test/netns/eventually.ts';
import { type Station, Topology } from '../../test/netns/topology.ts';
import { median } from '../report.ts';
import { consume, produce } from './perf.ts';

const { values: options } = parseArgs({
  options: { rounds: { type: 'string', default: '3' }, records: { type: 'string', default: '500000' } },
});
const rounds = Number(options.rounds);
const records = Number(options.records);
const recordBytes = 1024;
/** For the latency: a third or less of what this machine can do, so that queues say nothing. */
const latencyRate = 5000;
const relayPort = 19_092;

interface Measured {
  readonly peer: string;
  readonly produced: number;
  readonly consumed: number;
  readonly p99Ms: number;
  /** Of the agent, resident at its largest. */
  readonly peakBytes: number;
}

interface Scene {
  readonly topology: Topology;
  readonly client: Station;
  readonly kafka: Station;
  readonly bootstrap: string;
}

function policy(rules: number): string {
  const named = Array.from(
    { length: rules - 1 },
    (_, index) => `              - {role: consume, topic: topic-${index}, group: g}\n`,
  );
  return `apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {name: bench}
spec:
  endpointSelector: {matchLabels: {app: kafka}}
  ingress:
    - fromEndpoints: [{matchLabels: {app: client}}]
      toPorts:
        - ports: [{port: "${kafkaPort}", protocol: TCP}]
          rules:
            kafka:
${named.join('')}              - {topicPrefix: bench-}
`;
}

async function loaded(peer: string, { client, bootstrap }: Scene, residentBytes: () => number): Promise<Measured> {
  let peakBytes = 0;
  const timer = setInterval(() => {
    peakBytes = Math.max(peakBytes, residentBytes());
  }, 200);
  const written = { topic: 'bench-write', recordBytes };
  const { recordsPerSecond: produced } = await produce(client, bootstrap, { ...written, records, rate: -1 });
  const { p99Ms } = await produce(client, bootstrap, { ...written, records: latencyRate * 6, rate: latencyRate });
  const consumed = await consume(client, bootstrap, 'bench-read', records);
  clearInterval(timer);
  return { peer, produced, consumed, p99Ms, peakBytes };
}

async function throughRelay(scene: Scene): Promise<Measured> {
  const { host } = scene.topology;
  const rule = `PREROUTING -i v-client -p tcp --dport ${kafkaPort} -j REDIRECT --to-ports ${relayPort}`.split(' ');
  const script = fileURLToPath(new URL('relay.ts', import.meta.url));
  const [address = ''] = scene.bootstrap.split(':');
  const relay = host.spawn(process.execPath, [script, String(relayPort), address, String(kafkaPort)], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  await eventually('the relay listens', async () => {
    const { stdout } = await host.run('ss', '-Hltn', `sport = :${relayPort}`);
    return stdout !== '' || undefined;
  });
  host.runSync('iptables', '-w', '-t', 'nat', '-A', ...rule);
  try {
    return await loaded('plain relay in Node', scene, () => 0);
  } finally {
    host.runSync('iptables', '-w', '-t', 'nat', '-D', ...rule);
    relay.kill('SIGKILL');
  }
}

async function throughSluice(scene: Scene, rules: number): Promise<Measured> {
  const { topology, client, kafka } = scene;
  const agent = await Agent.start(topology, { policies: { 'bench.yaml': policy(rules) }, workloads: [client, kafka] });
  try {
    const measured = await loaded(`sluice, ${rules} rules`, scene, () => agent.residentBytes());
    const judged = (await agent.flows()).some(({ l7 }) => l7?.protocol === 'kafka' && l7.topics.includes('bench-read'));
    if (!judged) throw new Error('the agent saw nothing');
    return measured;
  } finally {
    await agent.stop();
    await agent.dispose();
  }
}

const ways: readonly ((scene: Scene) => Promise<Measured>)[] = [
  (scene) => loaded('direct', scene, () => 0),
  throughRelay,
  (scene) => throughSluice(scene, 1),
  (scene) => throughSluice(scene, 100),
  (scene) => throughSluice(scene, 10_000),
];

async function bench(topology: Topology): Promise<void> {
  const [client, kafka] = [topology.routed('client'), topology.routed('kafka')];
  const { bootstrap } = await startRealBroker(kafka, {
    tuning: 'speed',
    heapMiB: 1024,
    topics: ['bench-write', 'bench-read'],
    properties: {
      'log.retention.bytes': String(1 << 30),
      'log.retention.check.interval.ms': '5000',
      'log.segment.bytes': String(1 << 27),
    },
  });
  const scene: Scene = { topology, client, kafka, bootstrap };
  await produce(client, bootstrap, { topic: 'bench-read', records, recordBytes, rate: -1 });

  const all: Measured[] = [];
  for (let round = 1; round <= rounds; round++) {
    for (const way of ways) {
      const measured = await way(scene);
      all.push(measured);
      const { peer, produced, consumed, p99Ms } = measured;
      process.stdout.write(
        `round ${round}: ${peer}: ${produced.toFixed(0)} in, ${consumed.toFixed(0)} out, p99 ${p99Ms} ms\n`,
      );
    }
  }
  const rows = summarise(all);
  const headings = ['PEER', 'PRODUCE rec/s', 'RATIO', 'CONSUME rec/s', 'RATIO', 'P99 ms', 'RATIO', 'PEAK MiB'];
  process.stdout.write(`\n${table(headings, rows.map(cells))}`);
  keep(rows);
}

type Row = Measured & { readonly ratios: readonly [number, number, number] };

function summarise(all: readonly Measured[]): Row[] {
  const medians = [...Map.groupBy(all, ({ peer }) => peer)].map(([peer, group]) => {
    const of = (value: (one: Measured) => number): number => median(group.map(value));
    return {
      peer,
      produced: of(({ produced }) => produced),
      consumed: of(({ consumed }) => consumed),
      p99Ms: of(({ p99Ms }) => p99Ms),
      peakBytes: of(({ peakBytes }) => peakBytes),
    };
  });
  const [direct] = medians;
  return medians.map((one) => ({
    ...one,
    ratios: [
      one.produced / (direct?.produced ?? 1),
      one.consumed / (direct?.consumed ?? 1),
      one.p99Ms / (direct?.p99Ms ?? 1),
    ],
  }));
}

function cells({ peer, produced, consumed, p99Ms, peakBytes, ratios }: Row): string[] {
  const [produceRatio = '', consumeRatio = '', latencyRatio = ''] = ratios.map((ratio) => ratio.toFixed(2));
  const peak = peakBytes === 0 ? '-' : (peakBytes / 1024 / 1024).toFixed(0);
  return [
    peer,
    produced.toFixed(0),
    produceRatio,
    consumed.toFixed(0),
    consumeRatio,
    String(p99Ms),
    latencyRatio,
    peak,
  ];
}

function keep(rows: readonly Row[]): void {
  const directory = fileURLToPath(new URL('../results/', import.meta.url));
  mkdirSync(directory, { recursive: true });
  const name = new Date().toISOString().slice(0, 19).replaceAll(':', '-');
  const machine = { cpu: cpus()[0]?.model, cpus: cpus().length, node: process.version, kafka: kafkaVersion };
  writeFileSync(
    join(directory, `kafka-${name}.json`),
    `${JSON.stringify({ machine, rounds, records, rows }, undefined, 2)}\n`,
  );
}

const missing = missingBroker();
if (missing !== undefined) throw new Error(missing);
const topology = new Topology();
try {
  await bench(topology);
} finally {
  topology.delete();
}
