/** OffsetForLeaderEpoch: topic DESCRIBE for each topic. */

import { byTopic, judgeElements } from '../elements.ts';
import { schema } from '../layout.ts';
import { op } from '../operations.ts';
import { consumerOnly } from '../replica-id.ts';
import type { Api } from '../request.ts';

const request = schema(
  `
  replica_id:i32           3+
  topics:[ name:string partitions:[ index:i32 current_leader_epoch:i32 asked_epoch:i32 ] ]`,
  4,
);

const response = schema(
  `
  throttle_time_ms:i32
  topics:[ name:string partitions:[ error:i16 index:i32 leader_epoch:i32=-1 end_offset:i64=-1 ] ]`,
  4,
);

export const offsetForLeaderEpoch: Api = {
  key: 23,
  name: 'offsetforleaderepoch',
  min: 2,
  max: 4,
  request,
  response,
  judge: (asked) =>
    judgeElements(asked, {
      ...byTopic,
      operations: op.describe,
      check: consumerOnly,
    }),
};
