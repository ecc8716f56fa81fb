/** Kafka's own performance tools in a station, and the lines that they print. */

import { java } from '../../test/kafka/real-broker.ts';
import type { Station } from '../../test/netns/topology.ts';

const producer = 'org.apache.kafka.tools.ProducerPerformance';
const consumer = 'org.apache.kafka.tools.ConsumerPerformance';
const heapMiB = 512;

export interface Produced {
  readonly recordsPerSecond: number;
  readonly p99Ms: number;
}

export interface Load {
  readonly topic: string;
  readonly records: number;
  readonly recordBytes: number;
  /** Records a second; −1: as fast as it goes. */
  readonly rate: number;
}

async function run(client: Station, main: string, args: string): Promise<string> {
  const { code, stdout, stderr } = await client.namespace.run(
    'java',
    ...java(heapMiB, 'speed'),
    main,
    ...args.split(' '),
  );
  if (code !== 0) throw new Error(`${main} ended with ${code}: ${stdout}${stderr}`);
  return stdout;
}

/** With the producer's defaults (idempotent, acks=all), but batches as users with throughput in mind set them. */
export async function produce(client: Station, bootstrap: string, load: Load): Promise<Produced> {
  const { topic, records, recordBytes, rate } = load;
  const text = await run(
    client,
    producer,
    `--bootstrap-server ${bootstrap} --topic ${topic} --num-records ${records} --record-size ${recordBytes} --throughput ${rate} --command-property linger.ms=5 --command-property batch.size=65536`,
  );
  const last = text.trimEnd().split('\n').at(-1) ?? '';
  const found = /^\d+ records sent, ([\d.]+) records\/sec .* (\d+) ms 99th/.exec(last);
  if (!found) throw new Error(`the producer ended with: ${last}`);
  return { recordsPerSecond: Number(found[1]), p99Ms: Number(found[2]) };
}

/** @returns records a second from the first fetch on, without the time of joining the group. */
export async function consume(client: Station, bootstrap: string, topic: string, records: number): Promise<number> {
  const group = `bench-${process.hrtime.bigint()}`;
  const text = await run(
    client,
    consumer,
    `--bootstrap-server ${bootstrap} --topic ${topic} --num-records ${records} --group ${group} --hide-header --timeout 60000`,
  );
  const last = text.trimEnd().split('\n').at(-1) ?? '';
  // start, end, MB, MB/s, records, records/s, rebalance ms, fetch ms, fetch MB/s, fetch records/s
  const columns = last.split(',').map((column) => column.trim());
  const [read, rate] = [Number(columns[4]), Number(columns[9])];
  if (!(read >= records) || !(rate > 0)) throw new Error(`the consumer ended with: ${text}`);
  return rate;
}
