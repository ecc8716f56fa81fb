/**
 * `group.ts BOOTSTRAP COUNT`: sends COUNT records to every partition of `w` in turn, and reads as many of `r` as a
 * consumer group of two members. Prints from how many partitions they came.
 */

import { Kafka, logLevel } from 'kafkajs';

const [bootstrap = '', count = ''] = process.argv.slice(2);
const kafka = new Kafka({ clientId: 'group', brokers: [bootstrap], logLevel: logLevel.NOTHING });
const producer = kafka.producer({ idempotent: true });
await producer.connect();
const written = new Set<number>();
for (let index = 0; index < Number(count); index++) {
  const [sent] = await producer.send({ topic: 'w', messages: [{ value: String(index), partition: index % 3 }] });
  if (sent?.errorCode === 0) written.add(sent.partition);
}

const read = new Set<number>();
let values = 0;
const { promise: done, resolve } = Promise.withResolvers<void>();
await Promise.all(
  ['one', 'two'].map(async () => {
    const consumer = kafka.consumer({ groupId: 'g-two' });
    await consumer.connect();
    await consumer.subscribe({ topic: 'r', fromBeginning: true });
    await consumer.run({
      eachMessage: async ({ partition }) => {
        read.add(partition);
        values++;
        if (values === Number(count)) resolve();
      },
    });
  }),
);
await done;
process.stdout.write(JSON.stringify({ written: written.size, read: read.size, values }), () => process.exit(0));
