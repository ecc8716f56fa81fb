/**
 * `prepare.ts BOOTSTRAP BROKER CLIENT READER acls|open`, from beside the broker: topics with three records each, a group
 * with offsets, and the ACLs where they are asked for.
 */

import { Kafka, logLevel } from 'kafkajs';
import { acls, topics } from './rights.ts';

const [bootstrap = '', broker = '', client = '', reader = '', mode] = process.argv.slice(2);
const retry = { retries: 20, initialRetryTime: 100, maxRetryTime: 500 };
const kafka = new Kafka({ brokers: [bootstrap], logLevel: logLevel.NOTHING, retry });
const admin = kafka.admin();
await admin.connect();
await admin.createTopics({ topics: topics.map((topic) => ({ topic, numPartitions: 1 })), waitForLeaders: true });
const producer = kafka.producer();
await producer.connect();
for (const topic of topics) {
  await producer.send({ topic, messages: ['one', 'two', 'three'].map((value) => ({ value, timestamp: '1000' })) });
}
await producer.disconnect();
for (const groupId of ['g-ok', 'g-d', 'g-a', 'g-hidden']) {
  for (const topic of ['r', 'hidden']) {
    await admin.setOffsets({ groupId, topic, partitions: [{ partition: 0, offset: '2' }] });
  }
}
// At once: an ACL of a resource ends that everybody may use it.
if (mode === 'acls') await admin.createAcls({ acl: acls({ client, reader }, broker) });
await admin.disconnect();
