/**
 * `prepare.ts BOOTSTRAP BROKER CLIENT READER acls|open`, from beside the broker: topics with three records each, groups
 * with offsets or members, and the ACLs where they are asked for. Prints the topics' ids as JSON.
 */

import { Kafka, logLevel } from 'kafkajs';
import { API } from '../../unit/kafka/wire.ts';
import { ask } from './ask.ts';
import { acls, topics } from './rights.ts';
import { shareHeartbeat } from './share-groups.ts';
import { streamsHeartbeat } from './streams-groups.ts';

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
// Share groups begin with what is new unless they are told.
await ask(bootstrap, API.INCREMENTAL_ALTER_CONFIGS, 1, {
  resources: ['s-ok', 's-a'].map((resourceName) => ({
    resourceType: 32,
    resourceName,
    configs: [{ name: 'share.auto.offset.reset', configOperation: 0, value: 'earliest' }],
  })),
  validateOnly: false,
});
// Members of groups that have to do with a topic which the client may not see.
await ask(bootstrap, API.SHARE_GROUP_HEARTBEAT, 1, shareHeartbeat('s-ok-mixed', ['r', 'hidden']));
await ask(bootstrap, API.STREAMS_GROUP_HEARTBEAT, 0, streamsHeartbeat('s-ok-streams-mixed', ['r', 'hidden']));
const metadata = await ask(bootstrap, API.METADATA, 12, {
  topics: null,
  allowTopicAutoCreation: false,
  includeTopicAuthorizedOperations: false,
});
// A transaction that stays open, of an id that others may describe, with a topic that they may not.
const transactional = kafka.producer({ transactionalId: 't-d', transactionTimeout: 600_000, maxInFlightRequests: 1 });
await transactional.connect();
const open = await transactional.transaction();
for (const topic of ['d', 'hidden']) await open.send({ topic, messages: [{ value: 'open', timestamp: '1000' }] });
// At once: an ACL of a resource ends that everybody may use it.
if (mode === 'acls') await admin.createAcls({ acl: acls({ client, reader }, broker) });
await admin.disconnect();
// Without telling the broker, which would end the transaction.
process.stdout.write(JSON.stringify(idsOf(metadata)), () => process.exit(0));

function idsOf(seen: object): Record<string, string> {
  const { topics: found } = ('body' in seen ? seen.body : {}) as { topics?: { name: string; topicId: string }[] };
  if (found === undefined) throw new Error(`no topics: ${JSON.stringify(seen)}`);
  return Object.fromEntries(found.map(({ name, topicId }) => [name, topicId]));
}
