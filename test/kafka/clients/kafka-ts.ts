/** `kafka-ts.ts BOOTSTRAP classic|consumer`: kafka-ts with either group protocol. */

import { API_ERROR, createKafkaClient, KafkaTSApiError, setLogger } from 'kafka-ts';
import { attempt, report } from './attempt.ts';

const [bootstrap = '', groupProtocol = 'classic'] = process.argv.slice(2);
const [host = '', port] = bootstrap.split(':');

/** A consumer tries again every second, whatever it is told, and tells its log why. */
let failed = (_error: unknown): void => undefined;
const silent = (): void => undefined;
setLogger({ debug: silent, info: silent, warn: silent, error: (_message, error) => failed(error) });

const kafka = createKafkaClient({ clientId: 'kafka-ts', bootstrapServers: [{ host, port: Number(port) }] });

/** It has the protocol's number; its own table has the name. */
function errorName(error: unknown): string {
  if (!(error instanceof KafkaTSApiError)) return String(error);
  const names = Object.entries(API_ERROR).filter(([, number]) => number === error.errorCode);
  return names[0]?.[0] ?? String(error);
}

const producer = kafka.createProducer({ maxRetries: 2, retryDelayMs: 50 });
const produce = (topic: string) => async () => {
  await producer.send([{ topic, value: 'from kafka-ts' }]);
  return 'sent';
};

const consume = (groupId: string, topic: string) => async () => {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  failed = reject;
  void kafka.startConsumer({
    groupId,
    groupProtocol: groupProtocol === 'consumer' ? 'consumer' : 'classic',
    topics: [topic],
    fromBeginning: true,
    onBatch: (messages) => resolve(String(messages[0]?.value)),
  });
  return promise;
};

report({
  produce: await attempt(produce('w'), errorName),
  produceDenied: await attempt(produce('r'), errorName),
  produceAfterwards: await attempt(produce('w'), errorName),
  consume: await attempt(consume(`g-kafka-ts-${groupProtocol}`, 'r'), errorName),
  consumeDeniedTopic: await attempt(consume(`g-kafka-ts-${groupProtocol}-2`, 'hidden'), errorName),
  consumeDeniedGroup: await attempt(consume('other', 'r'), errorName),
});
