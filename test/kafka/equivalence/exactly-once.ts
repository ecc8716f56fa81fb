/** Scenarios of a processor that reads, writes and commits in one transaction, and of who reads only what is committed. */

import { API } from '../../unit/kafka/wire.ts';
import { addPartitions, endTxn, fetch, initProducerId, inTransaction } from './records.ts';
import { asks, type Learned, type Scenario } from './scenario.ts';

const addOffsets = ({ producerId }: Learned, groupId: string, transactionalId = 't-ok') => ({
  transactionalId,
  producerId,
  producerEpoch: 1,
  groupId,
});

function commitOffsets({ producerId }: Learned, topics: readonly string[], groupId = 'g-eos', id = 't-ok') {
  return {
    transactionalId: id,
    groupId,
    producerId,
    producerEpoch: 1,
    generationId: -1,
    memberId: '',
    groupInstanceId: null,
    topics: topics.map((name) => ({
      name,
      partitions: [{ partitionIndex: 0, committedOffset: 2n, committedLeaderEpoch: -1, committedMetadata: null }],
    })),
  };
}

const second = { producerEpoch: 1 };
const committedOnly = { isolationLevel: 1 };

export const exactlyOnce: readonly Scenario[] = [
  // The same id again: the broker counts its epoch on.
  ...asks('the next transaction', API.INIT_PRODUCER_ID, [4], initProducerId('t-ok')),
  ...asks('add partitions to it', API.ADD_PARTITIONS_TO_TXN, [3], (learned) => ({
    ...addPartitions(learned, ['rw']),
    v3AndBelowProducerEpoch: 1,
  })),
  ...asks('produce in it', API.PRODUCE, [11], (learned) => inTransaction(learned, ['rw'], 't-ok', second)),
  ...asks('read committed records beside it', API.FETCH, [11, 12], { ...fetch(['rw']), ...committedOnly }),
  ...asks('add offsets', API.ADD_OFFSETS_TO_TXN, [0, 3, 4], (learned) => addOffsets(learned, 'g-eos')),
  ...asks('add offsets, group denied', API.ADD_OFFSETS_TO_TXN, [0, 4], (learned) => addOffsets(learned, 'g-hidden')),
  ...asks('add offsets, id denied', API.ADD_OFFSETS_TO_TXN, [0, 4], (learned) =>
    addOffsets(learned, 'g-eos', 't-none'),
  ),
  ...asks('commit offsets', API.TXN_OFFSET_COMMIT, [0, 2, 3, 5], (learned) => commitOffsets(learned, ['r'])),
  ...asks('commit offsets, some granted', API.TXN_OFFSET_COMMIT, [0, 3, 5], (learned) =>
    commitOffsets(learned, ['r', 'hidden', 'd', 'rw']),
  ),
  ...asks('commit offsets, none granted', API.TXN_OFFSET_COMMIT, [3, 5], (learned) => commitOffsets(learned, ['w'])),
  ...asks('commit offsets, group denied', API.TXN_OFFSET_COMMIT, [0, 5], (learned) =>
    commitOffsets(learned, ['r'], 'g-hidden'),
  ),
  ...asks('commit offsets, id denied', API.TXN_OFFSET_COMMIT, [0, 5], (learned) =>
    commitOffsets(learned, ['r'], 'g-eos', 't-none'),
  ),
  ...asks('end it', API.END_TXN, [4], (learned) => ({ ...endTxn(learned, 't-ok'), producerEpoch: 1 })),
  ...asks('what it committed', API.OFFSET_FETCH, [7], {
    groups: [
      {
        groupId: 'g-eos',
        memberId: null,
        memberEpoch: -1,
        topics: [{ name: 'r', topicId: '0'.repeat(32), partitionIndexes: [0] }],
      },
    ],
    requireStable: true,
  }),
  ...asks('read committed records after it', API.FETCH, [12], { ...fetch(['rw', 'hidden']), ...committedOnly }),
];
