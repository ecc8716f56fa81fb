/**
 * `numbers.ts BOOTSTRAP TOPIC COUNT`: an idempotent producer of kafkajs that writes the numbers from 0 on, ten a batch,
 * one batch after the other. Prints how many were acknowledged.
 */

import { setTimeout as pause } from 'node:timers/promises';
import { Kafka, logLevel } from 'kafkajs';

const [bootstrap = '', topic = '', count = ''] = process.argv.slice(2);
const kafka = new Kafka({ clientId: 'numbers', brokers: [bootstrap], logLevel: logLevel.NOTHING });
const producer = kafka.producer({ idempotent: true, maxInFlightRequests: 1 });
await producer.connect();
let acknowledged = 0;
while (acknowledged < Number(count)) {
  const messages = Array.from({ length: 10 }, (_, index) => ({ value: String(acknowledged + index), partition: 0 }));
  const [sent] = await producer.send({ topic, messages });
  if (sent?.errorCode === 0) acknowledged += messages.length;
  await pause(10);
}
process.stdout.write(String(acknowledged), () => process.exit(0));
