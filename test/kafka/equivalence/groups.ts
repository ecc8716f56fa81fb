/** Scenarios with consumer groups, of both protocols. */

import { API } from '../../unit/kafka/wire.ts';
import { asks, noId, type Scenario } from './scenario.ts';

const offsets = (topics: readonly string[]) =>
  topics.map((name) => ({
    name,
    topicId: noId,
    partitions: [{ partitionIndex: 0, committedOffset: 1n, committedLeaderEpoch: -1, committedMetadata: null }],
  }));

const commit = (groupId: string, topics: readonly string[]) => ({
  groupId,
  generationIdOrMemberEpoch: -1,
  memberId: '',
  groupInstanceId: null,
  topics: offsets(topics),
});

const committed = (groupIds: readonly string[], topics: readonly string[]) => ({
  groups: groupIds.map((groupId) => ({
    groupId,
    memberId: null,
    memberEpoch: -1,
    topics: topics.map((name) => ({ name, topicId: noId, partitionIndexes: [0] })),
  })),
  requireStable: false,
});

const join = (groupId: string) => ({
  groupId,
  sessionTimeoutMs: 10_000,
  rebalanceTimeoutMs: 10_000,
  memberId: '',
  groupInstanceId: null,
  protocolType: 'consumer',
  protocols: [{ name: 'range', metadata: { version: 0, topics: ['r'] } }],
  reason: null,
});

const beat = (groupId: string) => ({ groupId, generationId: 1, memberId: 'nobody', groupInstanceId: null });
const leave = (groupId: string) => ({
  groupId,
  members: [{ memberId: 'nobody', groupInstanceId: null, reason: null }],
});
const sync = (groupId: string) => ({
  groupId,
  generationId: 1,
  memberId: 'nobody',
  groupInstanceId: null,
  protocolType: 'consumer',
  protocolName: 'range',
  assignments: [],
});

const heartbeat = (groupId: string, subscribedTopicNames: string[] | null) => ({
  groupId,
  memberId: 'AAAAAAAAAAAAAAAAAAAAAA',
  memberEpoch: 0,
  instanceId: null,
  rackId: null,
  rebalanceTimeoutMs: 10_000,
  subscribedTopicNames,
  subscribedTopicRegex: null,
  serverAssignor: null,
  topicPartitions: [],
});

const deleteOffsets = (groupId: string, topics: readonly string[]) => ({
  groupId,
  topics: topics.map((name) => ({ name, partitions: [{ partitionIndex: 0 }] })),
});

export const groups: readonly Scenario[] = [
  ...asks('find a group', API.FIND_COORDINATOR, [0, 2, 3], { keyType: 0, keys: ['g-ok'] }),
  ...asks('find a group, denied', API.FIND_COORDINATOR, [0, 1, 3], { keyType: 0, keys: ['g-hidden'] }),
  ...asks('find groups', API.FIND_COORDINATOR, [4, 6], { keyType: 0, keys: ['g-ok', 'g-hidden', 'g-d'] }),
  ...asks('find a transactional id, denied', API.FIND_COORDINATOR, [1, 4], { keyType: 1, keys: ['t-none'] }),

  ...asks('commit', API.OFFSET_COMMIT, [2, 5, 8, 9], commit('g-ok', ['r'])),
  ...asks('commit, some granted', API.OFFSET_COMMIT, [2, 7, 8, 9], commit('g-ok', ['r', 'hidden', 'd'])),
  ...asks('commit, group denied', API.OFFSET_COMMIT, [2, 8], commit('g-hidden', ['r'])),
  ...asks('commit, describe only', API.OFFSET_COMMIT, [8], commit('g-d', ['r'])),
  ...asks('commit', API.OFFSET_COMMIT, [8], commit('g-ok', ['r', 'rw']), 'reader'),

  ...asks('committed offsets', API.OFFSET_FETCH, [1, 5, 6, 7], committed(['g-ok'], ['r', 'hidden'])),
  ...asks('committed offsets, group denied', API.OFFSET_FETCH, [1, 5, 7], committed(['g-hidden'], ['r'])),
  ...asks('committed offsets of groups', API.OFFSET_FETCH, [8, 9], committed(['g-ok', 'g-hidden'], ['r', 'hidden'])),

  ...asks('join', API.JOIN_GROUP, [5, 9], join('g-ok')),
  ...asks('join, denied', API.JOIN_GROUP, [2, 5, 9], join('g-hidden')),
  ...asks('join, describe only', API.JOIN_GROUP, [9], join('g-d')),
  ...asks('sync', API.SYNC_GROUP, [5], sync('g-ok')),
  ...asks('sync, denied', API.SYNC_GROUP, [0, 3, 5], sync('g-hidden')),
  ...asks('heartbeat', API.HEARTBEAT, [4], beat('g-ok')),
  ...asks('heartbeat, denied', API.HEARTBEAT, [0, 3, 4], beat('g-hidden')),
  ...asks('leave', API.LEAVE_GROUP, [5], leave('g-ok')),
  ...asks('leave, denied', API.LEAVE_GROUP, [3, 4, 5], leave('g-hidden')),

  ...asks('KIP-848 heartbeat, group denied', API.CONSUMER_GROUP_HEARTBEAT, [0, 1], heartbeat('g-hidden', ['r'])),
  ...asks('KIP-848 heartbeat, topic denied', API.CONSUMER_GROUP_HEARTBEAT, [0, 1], heartbeat('g-ok', ['r', 'hidden'])),

  ...asks('describe groups', API.DESCRIBE_GROUPS, [0, 4, 5, 6], {
    groups: ['g-ok', 'g-hidden', 'g-d', 'g-a'],
    includeAuthorizedOperations: false,
  }),
  ...asks('describe KIP-848 groups', API.CONSUMER_GROUP_DESCRIBE, [0, 1], {
    groupIds: ['g-ok', 'g-hidden'],
    includeAuthorizedOperations: false,
  }),
  ...asks('list groups', API.LIST_GROUPS, [0, 3, 5], { statesFilter: [], typesFilter: [] }),
  ...asks('delete offsets', API.OFFSET_DELETE, [0], deleteOffsets('g-a', ['r', 'hidden'])),
  ...asks('delete offsets, denied', API.OFFSET_DELETE, [0], deleteOffsets('g-ok', ['r'])),
  ...asks('delete groups', API.DELETE_GROUPS, [1, 2], { groupsNames: ['g-a', 'g-hidden', 'g-ok'] }),
];
