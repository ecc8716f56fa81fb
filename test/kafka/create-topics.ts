/** `create-topics.ts BOOTSTRAP TOPIC[:PARTITIONS]…`: creates topics, of the broker's default size unless said, as soon as the broker lets it. */

import { Kafka, logLevel } from 'kafkajs';

const [bootstrap, ...topics] = process.argv.slice(2);
if (bootstrap === undefined) throw new Error('usage: create-topics.ts BOOTSTRAP TOPIC[:PARTITIONS]…');
const retry = { retries: 20, initialRetryTime: 100, maxRetryTime: 500 };
const admin = new Kafka({ brokers: [bootstrap], logLevel: logLevel.NOTHING, retry }).admin();
await admin.connect();
const described = topics.map((text) => {
  const [topic = '', partitions = '-1'] = text.split(':');
  return { topic, numPartitions: Number(partitions) };
});
await admin.createTopics({ topics: described, waitForLeaders: true });
await admin.disconnect();
