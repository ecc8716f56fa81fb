/** OffsetCommit: group READ, topic READ for each topic. Versions up to 9 name their topics; 10 has ids. */

import { byTopic, judgeElements } from '../elements.ts';
import { groupRead } from '../guard.ts';
import { schema } from '../layout.ts';
import { op } from '../operations.ts';
import type { Api } from '../request.ts';

const request = schema(
  `
  group_id:string
  generation_id:i32
  member_id:string
  group_instance_id:?string  7+
  retention_time_ms:i64      2-4
  topics:[
    name:string
    partitions:[ index:i32 offset:i64 leader_epoch:i32 6+ metadata:?string ]
  ]`,
  8,
);

const response = schema(
  `
  throttle_time_ms:i32       3+
  topics:[ name:string partitions:[ index:i32 error:i16 ] ]`,
  8,
);

export const offsetCommit: Api = {
  key: 8,
  name: 'offsetcommit',
  min: 2,
  max: 9,
  request,
  response,
  judge: (asked) =>
    judgeElements(asked, {
      ...byTopic,
      operations: op.read,
      guards: [groupRead],
    }),
};
