/**
 * Apache Kafka, one KRaft node that is broker and controller. The jars come from Maven Central, once for each version,
 * into build/kafka, beside the data of each start.
 */

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { eventually } from '../netns/eventually.ts';
import type { Station } from '../netns/topology.ts';
import { fetchJars } from './jars.ts';
import { type Broker, bootstrapOf, kafkaPort } from './station.ts';

/** The newest that our tables of versions know (proxy/kafka/apis.ts). */
export const kafkaVersion = '4.3.1';

const directory = fileURLToPath(new URL('../../build/kafka/', import.meta.url));
const createTopicsScript = fileURLToPath(new URL('create-topics.ts', import.meta.url));
const jars = join(directory, `jars-${kafkaVersion}`);

/** Why there is no real broker; undefined: there is one. Fetches the jars at the first call. */
export function missingBroker(): string | undefined {
  // slf4j-simple: without a binding neither the broker nor the tools could say what is wrong.
  return fetchJars(jars, [
    ['org.apache.kafka', 'kafka_2.13', kafkaVersion],
    ['org.apache.kafka', 'kafka-tools', kafkaVersion],
    ['org.slf4j', 'slf4j-simple', '1.7.36'],
  ]);
}

/** Arguments of `java` up to the main class. Tests are short: time to start counts, not what the code becomes. */
export function java(heapMiB: number, tuning: 'start' | 'speed'): string[] {
  const quick = tuning === 'start' ? ['-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC'] : [];
  const log = '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn';
  return [...quick, log, `-Xms${heapMiB}m`, `-Xmx${heapMiB}m`, '-cp', `${jars}/*`];
}

export interface RealBrokerSetup {
  /** Further lines of server.properties. */
  readonly properties?: Readonly<Record<string, string>>;
  /** Further arguments of `kafka-storage format`. */
  readonly format?: readonly string[];
  /** Created before the broker is given back; `name:3` has three partitions. */
  readonly topics?: readonly string[];
  readonly heapMiB?: number;
  readonly tuning?: 'start' | 'speed';
}

const dataDirectories = new Set<string>();
process.on('exit', () => {
  for (const path of dataDirectories) rmSync(path, { recursive: true, force: true });
});

/** Up in about 8 s. @throws {Error} with its log when it ends instead. */
export async function startRealBroker(station: Station, setup: RealBrokerSetup = {}): Promise<Broker> {
  const { format = [], topics = [] } = setup;
  const node = await startNode(station, {
    ...setup,
    properties: { ...serverProperties(bootstrapOf(station)), ...setup.properties },
    format: ['--standalone', ...format],
  });
  if (topics.length > 0) createTopics(node, topics);
  return node;
}

/** From beside the broker; as many partitions and replicas as it makes by default. */
export function createTopics(
  { station, bootstrap }: Pick<Broker, 'station' | 'bootstrap'>,
  topics: readonly string[],
): void {
  station.namespace.runSync(process.execPath, createTopicsScript, bootstrap, ...topics);
}

/** One node of a cluster, which listens for clients at Kafka's own port. */
export interface Node extends Broker {
  kill(): void;
}

/** @param setup has all of server.properties but where the data lies. */
export async function startNode(station: Station, setup: RealBrokerSetup): Promise<Node> {
  mkdirSync(directory, { recursive: true });
  const data = mkdtempSync(join(directory, 'broker-'));
  dataDirectories.add(data);
  const file = join(data, 'server.properties');
  const properties = { ...setup.properties, 'log.dirs': join(data, 'log') };
  const lines = Object.entries(properties).map(([key, value]) => `${key}=${value}\n`);
  writeFileSync(file, lines.join(''));

  // SASL looks up the name of the address that it listens at, for which a namespace without DNS waits 5 s each time.
  const hosts = join(data, 'hosts');
  const own = Object.values(station.address).map((address) => `${address} ${station.name}\n`);
  writeFileSync(hosts, ['127.0.0.1 localhost\n', `127.0.0.1 ${hostname()}\n`, ...own].join(''));
  const jvm = [`-Djdk.net.hosts.file=${hosts}`, ...java(setup.heapMiB ?? 384, setup.tuning ?? 'start')];
  const format = ['kafka.tools.StorageTool', 'format', '-t', 'c2x1aWNlLXRlc3QtY2x1cw', '-c', file];
  const formatted = await station.namespace.run('java', ...jvm, ...format, ...(setup.format ?? []));
  if (formatted.code !== 0) throw new Error(`the broker's storage: ${formatted.stdout}${formatted.stderr}`);
  const child = station.namespace.spawn('java', [...jvm, 'kafka.Kafka', file], { stdio: ['ignore', 'pipe', 'pipe'] });
  let log = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      log += text;
    });
  }
  await eventually(
    'the broker listens',
    async () => {
      if (child.exitCode !== null) throw new Error(`the broker ended: ${log}`);
      const { stdout } = await station.namespace.run('ss', '-Hltn', `sport = :${kafkaPort}`);
      return stdout !== '' || undefined;
    },
    120_000,
  );
  return {
    station,
    bootstrap: bootstrapOf(station),
    kill: () => void child.kill('SIGKILL'),
    get log() {
      return log;
    },
  };
}

function serverProperties(bootstrap: string): Record<string, string> {
  return {
    'process.roles': 'broker,controller',
    'node.id': '1',
    'controller.quorum.bootstrap.servers': '127.0.0.1:9093',
    listeners: `PLAINTEXT://:${kafkaPort},CONTROLLER://127.0.0.1:9093`,
    'advertised.listeners': `PLAINTEXT://${bootstrap}`,
    'controller.listener.names': 'CONTROLLER',
    'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
    'num.partitions': '1',
    'auto.create.topics.enable': 'false',
    'group.initial.rebalance.delay.ms': '0',
    ...singleNode('offsets.topic', 'num.partitions'),
    ...singleNode('transaction.state.log', 'num.partitions'),
    ...singleNode('share.coordinator.state.topic', 'num.partitions'),
  };
}

/** Internal topics as one node can have them. */
function singleNode(topic: string, partitions: string): Record<string, string> {
  const min = topic === 'offsets.topic' ? {} : { [`${topic}.min.isr`]: '1' };
  return { [`${topic}.replication.factor`]: '1', [`${topic}.${partitions}`]: '1', ...min };
}
