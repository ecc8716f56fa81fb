/**
 * What is judged, by key. A key that is not here is refused and taken out of ApiVersions: telemetry (71, 72),
 * delegation tokens, changes of ACLs, quotas and SCRAM credentials, everything between brokers, Envelope (58).
 */

import { apiVersions } from './api/api-versions.ts';
import {
  alterPartitionReassignments,
  describeAcls,
  describeCluster,
  describeLogDirs,
  describeQuorum,
  electLeaders,
  listPartitionReassignments,
} from './api/cluster.ts';
import { alterConfigs, describeConfigs, incrementalAlterConfigs } from './api/configs.ts';
import { consumerGroupDescribe, consumerGroupHeartbeat } from './api/consumer-group.ts';
import { describeGroups } from './api/describe-groups.ts';
import { describeProducers } from './api/describe-producers.ts';
import { describeTransactions } from './api/describe-transactions.ts';
import { fetch } from './api/fetch.ts';
import { findCoordinator } from './api/find-coordinator.ts';
import { deleteGroups, offsetDelete } from './api/group-admin.ts';
import { heartbeat, joinGroup, leaveGroup, syncGroup } from './api/group-membership.ts';
import { initProducerId } from './api/init-producer-id.ts';
import { listGroups } from './api/list-groups.ts';
import { listOffsets } from './api/list-offsets.ts';
import { metadata } from './api/metadata.ts';
import { offsetCommit } from './api/offset-commit.ts';
import { offsetFetch } from './api/offset-fetch.ts';
import { offsetForLeaderEpoch } from './api/offset-for-leader-epoch.ts';
import { produce } from './api/produce.ts';
import { saslAuthenticate, saslHandshake } from './api/sasl.ts';
import { shareAcknowledge } from './api/share-acknowledge.ts';
import { shareFetch } from './api/share-fetch.ts';
import { shareGroupDescribe, shareGroupHeartbeat } from './api/share-group.ts';
import {
  alterShareGroupOffsets,
  deleteShareGroupOffsets,
  describeShareGroupOffsets,
} from './api/share-group-offsets.ts';
import { streamsGroupDescribe, streamsGroupHeartbeat } from './api/streams-group.ts';
import { createPartitions, createTopics, deleteRecords, deleteTopics } from './api/topic-admin.ts';
import { addOffsetsToTxn, addPartitionsToTxn, endTxn, listTransactions, txnOffsetCommit } from './api/transactions.ts';
import type { Api } from './request.ts';

const enforced = new Map<number, Api>();
export const apis: ReadonlyMap<number, Api> = enforced;

for (const api of [
  apiVersions(enforced),
  alterPartitionReassignments,
  describeAcls,
  describeCluster,
  describeLogDirs,
  describeQuorum,
  electLeaders,
  listPartitionReassignments,
  alterConfigs,
  describeConfigs,
  incrementalAlterConfigs,
  consumerGroupDescribe,
  consumerGroupHeartbeat,
  describeGroups,
  describeProducers,
  describeTransactions,
  fetch,
  findCoordinator,
  deleteGroups,
  offsetDelete,
  heartbeat,
  joinGroup,
  leaveGroup,
  syncGroup,
  initProducerId,
  listGroups,
  listOffsets,
  metadata,
  offsetCommit,
  offsetFetch,
  offsetForLeaderEpoch,
  produce,
  saslAuthenticate,
  saslHandshake,
  shareAcknowledge,
  shareFetch,
  shareGroupDescribe,
  shareGroupHeartbeat,
  alterShareGroupOffsets,
  deleteShareGroupOffsets,
  describeShareGroupOffsets,
  streamsGroupDescribe,
  streamsGroupHeartbeat,
  createPartitions,
  createTopics,
  deleteRecords,
  deleteTopics,
  addOffsetsToTxn,
  addPartitionsToTxn,
  endTxn,
  listTransactions,
  txnOffsetCommit,
]) {
  enforced.set(api.key, api);
}
