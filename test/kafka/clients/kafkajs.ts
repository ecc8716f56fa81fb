/** `kafkajs.ts BOOTSTRAP` */

import { Kafka, logLevel } from 'kafkajs';
import { attempt, report } from './attempt.ts';
import { errorName } from './kafkajs-error.ts';

const [bootstrap = ''] = process.argv.slice(2);
const kafka = new Kafka({ clientId: 'kafkajs', brokers: [bootstrap], logLevel: logLevel.NOTHING });

const producer = kafka.producer({ idempotent: true });
await producer.connect();
const produce = (topic: string) => async () => {
  const [{ errorCode } = { errorCode: -1 }] = await producer.send({ topic, messages: [{ value: 'from kafkajs' }] });
  return String(errorCode);
};

const consume = (groupId: string, topic: string) => async () => {
  const consumer = kafka.consumer({ groupId });
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  return new Promise<string>((resolve, reject) => {
    consumer.on('consumer.crash', ({ payload }) => reject(payload.error));
    const eachMessage = async ({ message }: { message: { value: Buffer | null } }): Promise<void> =>
      resolve(String(message.value));
    consumer.run({ eachMessage }).catch(reject);
  });
};

const transaction = (transactionalId: string) => async () => {
  const one = kafka.producer({ transactionalId, idempotent: true, maxInFlightRequests: 1 });
  await one.connect();
  const begun = await one.transaction();
  await begun.send({ topic: 'w', messages: [{ value: 'in a transaction' }] });
  await begun.commit();
  return 'committed';
};

report({
  produce: await attempt(produce('w'), errorName),
  produceDenied: await attempt(produce('r'), errorName),
  produceAfterwards: await attempt(produce('w'), errorName),
  consume: await attempt(consume('g-kafkajs', 'r'), errorName),
  consumeDeniedTopic: await attempt(consume('g-kafkajs-2', 'hidden'), errorName),
  consumeDeniedGroup: await attempt(consume('other', 'r'), errorName),
  transaction: await attempt(transaction('t-kafkajs'), errorName),
  transactionDenied: await attempt(transaction('other'), errorName),
});
