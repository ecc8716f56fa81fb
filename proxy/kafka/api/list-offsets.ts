/** ListOffsets: topic DESCRIBE for each topic. */

import { byTopic, judgeElements } from '../elements.ts';
import { schema } from '../layout.ts';
import { op } from '../operations.ts';
import { consumerOnly } from '../replica-id.ts';
import type { Api } from '../request.ts';

const request = schema(
  `
  replica_id:i32
  isolation_level:i8       2+
  topics:[
    name:string
    partitions:[ index:i32 current_leader_epoch:i32 4+ at:i64 ]
  ]
  timeout_ms:i32           10+`,
  6,
);

const response = schema(
  `
  throttle_time_ms:i32     2+
  topics:[
    name:string
    partitions:[ index:i32 error:i16 timestamp:i64=-1 offset:i64=-1 leader_epoch:i32=-1 4+ ]
  ]`,
  6,
);

export const listOffsets: Api = {
  key: 2,
  name: 'listoffsets',
  min: 1,
  max: 11,
  request,
  response,
  judge: (asked) =>
    judgeElements(asked, {
      ...byTopic,
      operations: op.describe,
      check: consumerOnly,
    }),
};
