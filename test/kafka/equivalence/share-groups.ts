/** Scenarios with share groups (KIP-932). */

import { API } from '../../unit/kafka/wire.ts';
import type { Conversation } from './ask.ts';
import { asks, type Learned, type Scenario, type Talk } from './scenario.ts';

const memberId = 'AAAAAAAAAAAAAAAAAAAAAA';

export const shareHeartbeat = (groupId: string, subscribedTopicNames: string[] | null, memberEpoch = 0) => ({
  groupId,
  memberId,
  memberEpoch,
  rackId: null,
  subscribedTopicNames,
});

interface Wish {
  /** By name: whether the first record is acknowledged. */
  readonly topics?: Readonly<Record<string, boolean>>;
  readonly forgotten?: readonly string[];
  readonly groupId?: string;
}

const acknowledgements = (wanted: boolean) =>
  wanted ? [{ firstOffset: 0n, lastOffset: 0n, acknowledgeTypes: [1] }] : [];

const listed = ({ topicIds }: Learned, topics: Readonly<Record<string, boolean>>) =>
  Object.entries(topics).map(([name, acknowledged]) => ({
    topicId: topicIds[name] ?? null,
    partitions: [{ partitionIndex: 0, acknowledgementBatches: acknowledgements(acknowledged) }],
  }));

const shareFetch = (
  learned: Learned,
  shareSessionEpoch: number,
  { topics = {}, forgotten = [], groupId = 's-ok' }: Wish = {},
) => ({
  groupId,
  memberId,
  shareSessionEpoch,
  maxWaitMs: 300,
  minBytes: 1,
  maxBytes: 1_000_000,
  maxRecords: 2,
  batchSize: 2,
  shareAcquireMode: 0,
  isRenewAck: false,
  topics: listed(learned, topics),
  forgottenTopicsData: forgotten.map((name) => ({ topicId: learned.topicIds[name] ?? null, partitions: [0] })),
});

const acknowledge = (
  learned: Learned,
  shareSessionEpoch: number,
  topics: Readonly<Record<string, boolean>>,
  groupId = 's-ok',
) => ({ groupId, memberId, shareSessionEpoch, isRenewAck: false, topics: listed(learned, topics) });

/** Joins and waits until the group gives it something. */
async function join(conversation: Conversation, groupId: string): Promise<unknown> {
  for (let attempt = 0, epoch = 0; attempt < 100; attempt++) {
    const request = shareHeartbeat(groupId, epoch === 0 ? ['r'] : null, epoch);
    const seen = await conversation.ask(API.SHARE_GROUP_HEARTBEAT, 1, request);
    const body = ('body' in seen ? seen.body : undefined) as
      | { errorCode: number; memberEpoch: number; assignment: { topicPartitions: unknown[] } | null }
      | undefined;
    if (body === undefined || body.assignment?.topicPartitions.length === 1) return body?.assignment;
    if (body.errorCode === 0) epoch = body.memberEpoch;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return 'no assignment';
}

/** All that a member does, among topics that it may not read. */
async function consume(conversation: Conversation, learned: Learned): Promise<unknown> {
  const seen: unknown[] = [await join(conversation, 's-ok')];
  const fetched = (epoch: number, wish?: Wish) =>
    conversation.ask(API.SHARE_FETCH, epoch % 2 === 0 ? 1 : 2, shareFetch(learned, epoch, wish));

  // The broker makes the topic of share groups' states first, so records may be late.
  let epoch = 0;
  let answer = await fetched(epoch++, { topics: { r: false, hidden: false, w: false, d: false } });
  while (epoch < 100 && !JSON.stringify(answer, withoutBigints).includes('deliveryCount')) {
    // A partition that was not ready is asked for anew.
    answer = await fetched(epoch++, { topics: { r: false } });
  }
  seen.push(answer);
  const [one, two, three, four] = [epoch, epoch + 1, epoch + 2, epoch + 3];
  seen.push(await conversation.ask(API.SHARE_ACKNOWLEDGE, 1, acknowledge(learned, one, { r: true, hidden: true })));
  seen.push(await conversation.ask(API.SHARE_ACKNOWLEDGE, 2, acknowledge(learned, two, { w: true })));
  seen.push(await fetched(three, { topics: { hidden: true, w: false }, forgotten: ['d'] }));
  seen.push(await fetched(four, { forgotten: ['hidden'] }));
  seen.push(await fetched(four, {}));
  seen.push(await fetched(-1, { topics: { w: true } }));
  seen.push(await fetched(four + 1, {}));
  return seen;
}

function withoutBigints(_: string, value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value;
}

export const shareTalks: readonly Talk[] = [
  { name: 'client: a share group, some topics granted', from: 'client', talk: consume },
  {
    name: 'client: a share session of denied topics',
    from: 'client',
    talk: async (conversation, learned) => [
      await conversation.ask(API.SHARE_FETCH, 1, shareFetch(learned, 0, { topics: { hidden: false, w: false } })),
      await conversation.ask(API.SHARE_FETCH, 1, shareFetch(learned, 1)),
    ],
  },
];

export const shareGroups: readonly Scenario[] = [
  ...asks('share heartbeat, group denied', API.SHARE_GROUP_HEARTBEAT, [1], shareHeartbeat('g-hidden', ['r'])),
  ...asks('share heartbeat, topic denied', API.SHARE_GROUP_HEARTBEAT, [1], shareHeartbeat('s-ok', ['r', 'hidden'])),
  ...asks('share fetch, group denied', API.SHARE_FETCH, [1, 2], (learned) =>
    shareFetch(learned, 0, { topics: { r: false }, groupId: 'g-hidden' }),
  ),
  ...asks('share fetch, no session', API.SHARE_FETCH, [1, 2], (learned) => shareFetch(learned, 7)),
  ...asks('share acknowledge, group denied', API.SHARE_ACKNOWLEDGE, [1, 2], (learned) =>
    acknowledge(learned, 1, { r: true }, 'g-hidden'),
  ),
  ...asks('share acknowledge, no session', API.SHARE_ACKNOWLEDGE, [1, 2], (learned) =>
    acknowledge(learned, 1, { r: true, hidden: true }),
  ),
  ...asks('describe share groups', API.SHARE_GROUP_DESCRIBE, [1], {
    groupIds: ['s-ok', 's-ok-mixed', 'g-hidden', 's-ok-none'],
    includeAuthorizedOperations: false,
  }),
  ...asks('offsets of share groups', API.DESCRIBE_SHARE_GROUP_OFFSETS, [0, 1], {
    groups: [
      { groupId: 's-ok', topics: ['r', 'hidden'].map((topicName) => ({ topicName, partitions: [0] })) },
      { groupId: 'g-hidden', topics: [{ topicName: 'r', partitions: [0] }] },
      { groupId: 's-ok-none', topics: [{ topicName: 'hidden', partitions: [0] }] },
    ],
  }),
  ...asks('all offsets of a share group', API.DESCRIBE_SHARE_GROUP_OFFSETS, [0, 1], {
    groups: [{ groupId: 's-ok-mixed', topics: null }],
  }),
  ...asks('set offsets, group denied', API.ALTER_SHARE_GROUP_OFFSETS, [0], {
    groupId: 'g-hidden',
    topics: [{ topicName: 'r', partitions: [{ partitionIndex: 0, startOffset: 1n }] }],
  }),
  ...asks('set offsets of a group with members', API.ALTER_SHARE_GROUP_OFFSETS, [0], {
    groupId: 's-ok-mixed',
    topics: ['r', 'hidden'].map((topicName) => ({ topicName, partitions: [{ partitionIndex: 0, startOffset: 1n }] })),
  }),
  ...asks('set offsets, some granted', API.ALTER_SHARE_GROUP_OFFSETS, [0], {
    groupId: 's-ok-new',
    topics: ['r', 'w'].map((topicName) => ({ topicName, partitions: [{ partitionIndex: 0, startOffset: 1n }] })),
  }),
  ...asks('delete offsets of a share group, group denied', API.DELETE_SHARE_GROUP_OFFSETS, [0], {
    groupId: 's-ok',
    topics: [{ topicName: 'r' }],
  }),
  ...asks('delete offsets of a share group', API.DELETE_SHARE_GROUP_OFFSETS, [0], {
    groupId: 's-a',
    topics: [{ topicName: 'r' }, { topicName: 'hidden' }],
  }),
];
