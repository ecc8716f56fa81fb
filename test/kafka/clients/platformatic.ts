/** `platformatic.ts BOOTSTRAP classic|consumer`: @platformatic/kafka with either group protocol. */

import { Consumer, Producer, stringDeserializers, stringSerializers } from '@platformatic/kafka';
import { attempt, report } from './attempt.ts';

const [bootstrap = '', groupProtocol = 'classic'] = process.argv.slice(2);
const common = { clientId: 'platformatic', bootstrapBrokers: [bootstrap], retries: 2, retryDelay: 50 };

/** Errors are nested as deep as the calls were; the protocol's is a leaf. */
function errorName(error: unknown): string {
  const { apiId, errors = [] } = error as { apiId?: string; errors?: unknown[] };
  if (apiId !== undefined) return apiId;
  return errors.map(errorName).find((name) => /^[A-Z_]+$/.test(name)) ?? String(error);
}

const producer = new Producer({ ...common, serializers: stringSerializers, idempotent: true });
const produce = (topic: string) => async () => {
  const { offsets } = await producer.send({ messages: [{ topic, value: 'from platformatic' }], acks: -1 });
  return String(offsets?.length);
};

const consume = (groupId: string, topic: string) => async () => {
  const consumer = new Consumer({
    ...common,
    groupId,
    groupProtocol: groupProtocol === 'consumer' ? 'consumer' : 'classic',
    deserializers: stringDeserializers,
  });
  const stream = await consumer.consume({ topics: [topic], mode: 'earliest', autocommit: true });
  for await (const message of stream) return String(message.value);
  return 'nothing';
};

report({
  produce: await attempt(produce('w'), errorName),
  produceDenied: await attempt(produce('r'), errorName),
  produceAfterwards: await attempt(produce('w'), errorName),
  consume: await attempt(consume(`g-platformatic-${groupProtocol}`, 'r'), errorName),
  consumeDeniedTopic: await attempt(consume(`g-platformatic-${groupProtocol}-2`, 'hidden'), errorName),
  consumeDeniedGroup: await attempt(consume('other', 'r'), errorName),
});
