/** Scenarios of administration: topics, configurations, the cluster as a whole. */

import { API } from '../../unit/kafka/wire.ts';
import { asks, type Scenario } from './scenario.ts';

const topicResource = 2;
const brokerResource = 4;

const create = (names: readonly string[]) => ({
  topics: names.map((name) => ({ name, numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] })),
  timeoutMs: 3000,
  validateOnly: true,
});

const describeConfigs = (names: readonly string[]) => ({
  resources: names.map((resourceName) => ({
    resourceType: topicResource,
    resourceName,
    configurationKeys: ['retention.ms'],
  })),
  includeSynonyms: false,
  includeDocumentation: false,
});

const deleteRecords = (names: readonly string[]) => ({
  topics: names.map((name) => ({ name, partitions: [{ partitionIndex: 0, offset: 1n }] })),
  timeoutMs: 3000,
});

const alterConfigs = (names: readonly string[]) => ({
  resources: names.map((resourceName) => ({
    resourceType: topicResource,
    resourceName,
    configs: [{ name: 'retention.ms', configOperation: 0, value: '3600000' }],
  })),
  validateOnly: true,
});

export const administration: readonly Scenario[] = [
  ...asks('create topics', API.CREATE_TOPICS, [2, 4, 5, 7], create(['a-2', 'b'])),
  ...asks('create topics, denied', API.CREATE_TOPICS, [2, 7], create(['b'])),
  ...asks('create partitions', API.CREATE_PARTITIONS, [0, 2, 3], {
    topics: ['a-1', 'r', 'hidden'].map((name) => ({ name, count: 2, assignments: null })),
    timeoutMs: 3000,
    validateOnly: true,
  }),
  ...asks('delete records', API.DELETE_RECORDS, [0, 2], deleteRecords(['a-1', 'r', 'hidden'])),
  ...asks('describe configurations', API.DESCRIBE_CONFIGS, [1, 3, 4], describeConfigs(['d', 'r', 'hidden', 'a-1'])),
  ...asks('describe the configuration of a broker', API.DESCRIBE_CONFIGS, [4], {
    resources: [{ resourceType: brokerResource, resourceName: '1', configurationKeys: ['log.retention.ms'] }],
    includeSynonyms: false,
    includeDocumentation: false,
  }),
  ...asks('alter configurations', API.INCREMENTAL_ALTER_CONFIGS, [0, 1], alterConfigs(['a-1', 'd', 'hidden'])),
  ...asks('replace configurations', API.ALTER_CONFIGS, [0, 2], alterConfigs(['a-1', 'd', 'hidden'])),
  ...asks('describe producers', API.DESCRIBE_PRODUCERS, [0], {
    topics: ['r', 'w', 'hidden'].map((name) => ({ name, partitionIndexes: [0] })),
  }),
  ...asks('describe the cluster', API.DESCRIBE_CLUSTER, [0, 1], { includeClusterAuthorizedOperations: false }),
  ...asks('describe log directories', API.DESCRIBE_LOG_DIRS, [1, 4], { topics: null }),
  ...asks('elect leaders', API.ELECT_LEADERS, [2], {
    electionType: 0,
    topicPartitions: [{ topic: 'r', partitions: [0] }],
    timeoutMs: 3000,
  }),
  ...asks('describe ACLs', API.DESCRIBE_ACLS, [1, 3], {
    resourceTypeFilter: 1,
    resourceNameFilter: null,
    patternTypeFilter: 1,
    principalFilter: null,
    hostFilter: null,
    operation: 1,
    permissionType: 1,
  }),
  ...asks('list reassignments', API.LIST_PARTITION_REASSIGNMENTS, [0], { timeoutMs: 3000, topics: null }),
  ...asks('reassign', API.ALTER_PARTITION_REASSIGNMENTS, [0], {
    timeoutMs: 3000,
    topics: [{ name: 'r', partitions: [{ partitionIndex: 0, replicas: [1] }] }],
  }),
  ...asks('describe the quorum', API.DESCRIBE_QUORUM, [0], {
    topics: [{ topicName: '__cluster_metadata', partitions: [{ partitionIndex: 0 }] }],
  }),
  // Last, for it changes what is there.
  ...asks('delete topics', API.DELETE_TOPICS, [1, 4, 5], {
    topics: ['r', 'hidden', 'a-9'].map((name) => ({ name, topicId: null })),
    timeoutMs: 3000,
  }),
];
