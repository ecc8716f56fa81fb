/** DescribeProducers: topic READ, or ALTER so that a rule for administrators needs no right to read. */

import { byTopic, judgeElements } from '../elements.ts';
import { schema } from '../layout.ts';
import { op } from '../operations.ts';
import type { Api } from '../request.ts';

export const describeProducers: Api = {
  key: 61,
  name: 'describeproducers',
  min: 0,
  max: 0,
  request: schema('topics:[ name:string partitions:(index:i32) ]', 0),
  response: schema(
    `
    throttle_time_ms:i32
    topics:[
      name:string
      partitions:[
        index:i32
        error:i16
        denial:?string=-1
        producers:[ id:i64 epoch:i32 last_sequence:i32 last_timestamp:i64 coordinator_epoch:i32 start_offset:i64 ]
      ]
    ]`,
    0,
  ),
  judge: (asked) =>
    judgeElements(asked, {
      ...byTopic,
      operations: op.read | op.alter,
    }),
};
