/** `create-topics.ts BOOTSTRAP TOPIC…`: creates topics of one partition, as soon as the broker lets it. */

import { Kafka, logLevel } from 'kafkajs';

const [bootstrap, ...topics] = process.argv.slice(2);
if (bootstrap === undefined) throw new Error('usage: create-topics.ts BOOTSTRAP TOPIC…');
const retry = { retries: 20, initialRetryTime: 100, maxRetryTime: 500 };
const admin = new Kafka({ brokers: [bootstrap], logLevel: logLevel.NOTHING, retry }).admin();
await admin.connect();
await admin.createTopics({ topics: topics.map((topic) => ({ topic, numPartitions: 1 })), waitForLeaders: true });
await admin.disconnect();
