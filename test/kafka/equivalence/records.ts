/** Scenarios with records: produce, idempotent, transactional, fetch, offsets, metadata. */

import { API } from '../../unit/kafka/wire.ts';
import { asks, type Learned, noId, type Scenario } from './scenario.ts';

const transactional = 16;

interface Batch {
  readonly acks?: number;
  readonly transactionalId?: string;
  readonly producerId?: bigint;
  readonly producerEpoch?: number;
  readonly attributes?: number;
}

/** One record for the first partition of each topic. */
export function produce(
  topics: readonly string[],
  { acks = -1, transactionalId, producerId, producerEpoch = 0, attributes }: Batch = {},
) {
  return {
    transactionalId: transactionalId ?? null,
    acks,
    timeoutMs: 3000,
    topicData: topics.map((name) => ({
      name,
      topicId: noId,
      partitionData: [
        {
          index: 0,
          baseOffset: 0n,
          partitionLeaderEpoch: -1,
          attributes: attributes ?? 0,
          lastOffsetDelta: 0,
          baseTimestamp: 1000n,
          maxTimestamp: 1000n,
          producerId: producerId ?? -1n,
          producerEpoch: producerId === undefined ? -1 : producerEpoch,
          baseSequence: producerId === undefined ? -1 : 0,
          records: [{ attributes: 0, timestampDelta: 0n, offsetDelta: 0, key: null, value: 'x', headers: [] }],
        },
      ],
    })),
  };
}

/** The first partition of each topic, from its start. */
export function fetch(topics: readonly string[]) {
  return {
    maxWaitMs: 50,
    minBytes: 1,
    maxBytes: 100_000,
    isolationLevel: 0,
    sessionId: 0,
    sessionEpoch: -1,
    topics: topics.map((topicName) => ({
      topicName,
      topicId: noId,
      partitions: [
        {
          partition: 0,
          currentLeaderEpoch: -1,
          fetchOffset: 0n,
          lastFetchedEpoch: -1,
          logStartOffset: -1n,
          partitionMaxBytes: 10_000,
        },
      ],
    })),
    forgottenTopicsData: [],
    rackId: '',
  };
}

function listOffsets(topics: readonly string[]) {
  return {
    replicaId: -1,
    isolationLevel: 0,
    timeoutMs: 1000,
    topics: topics.map((name) => ({
      name,
      partitions: [{ partitionIndex: 0, currentLeaderEpoch: -1, timestamp: -2n }],
    })),
  };
}

function metadata(topics: readonly string[] | null) {
  return {
    topics: topics?.map((name) => ({ id: null, name })) ?? null,
    allowTopicAutoCreation: true,
    includeTopicAuthorizedOperations: false,
    includeClusterAuthorizedOperations: false,
  };
}

export const initProducerId = (transactionalId: string | null) => ({
  transactionalId,
  transactionTimeoutMs: 10_000,
  producerId: -1n,
  producerEpoch: -1,
});

const epochs = (topics: readonly string[]) => ({
  replicaId: -1,
  topics: topics.map((topic) => ({ topic, partitions: [{ partition: 0, currentLeaderEpoch: -1, leaderEpoch: 0 }] })),
});

export const inTransaction = (
  { producerId }: Learned,
  topics: readonly string[],
  transactionalId = 't-ok',
  more: Batch = {},
) => produce(topics, { ...more, transactionalId, producerId, attributes: transactional });

export const addPartitions = ({ producerId }: Learned, names: readonly string[], id = 't-ok') => ({
  v3AndBelowTransactionalId: id,
  v3AndBelowProducerId: producerId,
  v3AndBelowProducerEpoch: 0,
  v3AndBelowTopics: names.map((name) => ({ name, partitions: [0] })),
});

export const endTxn = ({ producerId }: Learned, transactionalId: string) => ({
  transactionalId,
  producerId,
  producerEpoch: 0,
  committed: true,
});

const one = ['r'];
const mixed = ['w', 'r', 'hidden', 'rw'];

export const records: readonly Scenario[] = [
  ...asks('produce, granted', API.PRODUCE, [3, 7, 8, 9, 11, 12], produce(['w'])),
  ...asks('produce, read only', API.PRODUCE, [3, 8, 9, 12], produce(['r'])),
  ...asks('produce, some granted', API.PRODUCE, [3, 8, 9, 12], produce(mixed)),
  ...asks('produce, no such topic', API.PRODUCE, [9], produce(['nowhere', 'w'])),
  ...asks('produce, acks=1', API.PRODUCE, [9], produce(['hidden', 'w'], { acks: 1 })),
  ...asks('produce, acks=0, denied', API.PRODUCE, [3, 9, 12], produce(['hidden'], { acks: 0 })),
  ...asks('produce, internal topic', API.PRODUCE, [9], produce(['__consumer_offsets'])),
  ...asks('produce without a right to any', API.PRODUCE, [9], produce(['w']), 'reader'),

  ...asks('fetch, granted', API.FETCH, [4, 7, 11, 12], fetch(one)),
  ...asks('fetch, write only', API.FETCH, [4, 11, 12], fetch(['w'])),
  ...asks('fetch, some granted', API.FETCH, [4, 7, 11, 12], fetch(['r', 'hidden', 'd'])),
  ...asks('fetch, no such topic', API.FETCH, [12], fetch(['nowhere'])),
  ...asks('fetch', API.FETCH, [12], fetch(['r', 'rw']), 'reader'),

  ...asks('list offsets', API.LIST_OFFSETS, [1, 5, 6, 8], listOffsets(['r', 'd', 'hidden'])),
  ...asks('list offsets, denied', API.LIST_OFFSETS, [1, 8], listOffsets(['hidden'])),
  ...asks('offsets for leader epochs', API.OFFSET_FOR_LEADER_EPOCH, [2, 3, 4], epochs(['d', 'hidden', 'r'])),

  ...asks('metadata, all topics', API.METADATA, [1, 4, 8, 9, 12, 13], metadata(null)),
  ...asks('metadata, all topics', API.METADATA, [0], metadata([])),
  ...asks('metadata, named topics', API.METADATA, [0, 1, 4, 8, 9, 12, 13], metadata(['r', 'hidden', 'd'])),
  ...asks('metadata, no topics', API.METADATA, [4, 12], metadata([])),
  ...asks('metadata, no such topic', API.METADATA, [4, 12], metadata(['nowhere'])),
  ...asks('metadata, all topics', API.METADATA, [12], metadata(null), 'reader'),

  ...asks('producer id', API.INIT_PRODUCER_ID, [0, 2, 4, 5], initProducerId(null)),
  ...asks('producer id without a right to write', API.INIT_PRODUCER_ID, [1, 4], initProducerId(null), 'reader'),
  ...asks('idempotent produce', API.PRODUCE, [9], ({ producerId }) => produce(['w'], { producerId })),
  ...asks('transactional id, denied', API.INIT_PRODUCER_ID, [0, 4], initProducerId('t-none')),
  ...asks('transactional id, describe only', API.INIT_PRODUCER_ID, [4], initProducerId('t-d')),
  ...asks('find the coordinator of t-ok', API.FIND_COORDINATOR, [3], { keyType: 1, keys: ['t-ok'] }),
  ...asks('transactional id', API.INIT_PRODUCER_ID, [3], initProducerId('t-ok')),
  ...asks('add partitions, some granted', API.ADD_PARTITIONS_TO_TXN, [0, 3], (learned) =>
    addPartitions(learned, ['w', 'hidden', 'r']),
  ),
  ...asks('add partitions, id denied', API.ADD_PARTITIONS_TO_TXN, [3], (learned) =>
    addPartitions(learned, ['w'], 't-none'),
  ),
  ...asks('add partitions', API.ADD_PARTITIONS_TO_TXN, [3], (learned) => addPartitions(learned, ['w', 'rw'])),
  ...asks('produce in a transaction', API.PRODUCE, [9], (learned) => inTransaction(learned, ['w'])),
  ...asks('produce in a transaction, some granted', API.PRODUCE, [9], (learned) =>
    inTransaction(learned, ['rw', 'hidden']),
  ),
  ...asks('produce in a transaction, id denied', API.PRODUCE, [3, 9], (learned) =>
    inTransaction(learned, ['w'], 't-none'),
  ),
  ...asks('end a transaction, id denied', API.END_TXN, [0, 3], (learned) => endTxn(learned, 't-none')),
  ...asks('end a transaction', API.END_TXN, [3], (learned) => endTxn(learned, 't-ok')),
  ...asks('describe transactions', API.DESCRIBE_TRANSACTIONS, [0], { transactionalIds: ['t-ok', 't-none', 't-d'] }),
  ...asks('list transactions', API.LIST_TRANSACTIONS, [0, 1], { stateFilters: [], producerIdFilters: [] }),
];
