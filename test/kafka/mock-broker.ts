/**
 * The broker without Java: librdkafka's mock cluster, which kafka-crab-js brings. Topics are kept in memory; what it
 * cannot do is deny.
 */

import { fileURLToPath } from 'node:url';
import { eventually } from '../netns/eventually.ts';
import type { Station } from '../netns/topology.ts';
import { kcat } from './kcat.ts';
import { type Broker, bootstrapOf, kafkaPort } from './station.ts';

const script = fileURLToPath(new URL('mock-cluster.ts', import.meta.url));
const preload = fileURLToPath(new URL('../../build/kafka/bind-elsewhere.so', import.meta.url));

export async function startMockBroker(station: Station, topics: readonly string[]): Promise<Broker> {
  const { namespace } = station;
  const child = namespace.spawn(process.execPath, [script], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, LD_PRELOAD: preload, BIND_ADDRESS: station.address[4], BIND_PORT: String(kafkaPort) },
  });
  let log = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    log += text;
  });
  const bootstrap = bootstrapOf(station);
  await eventually('the mock broker listens', async () => {
    if (child.exitCode !== null) throw new Error(`the mock broker ended: ${log}`);
    const { stdout } = await namespace.run('ss', '-Hltn', `sport = :${kafkaPort}`);
    return stdout !== '' || undefined;
  });
  // Asking for a topic makes it.
  for (const topic of topics) await kcat(namespace, bootstrap, 'mock-topics', ['-L', '-t', topic]);
  return {
    station,
    bootstrap,
    get log() {
      return log;
    },
  };
}
