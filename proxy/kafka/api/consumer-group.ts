/** The consumer protocol of KIP-848; ../group-protocol.ts says what is judged. */

import { judgeDescriptions, judgeMembership } from '../group-protocol.ts';
import { schema } from '../layout.ts';
import type { Api } from '../request.ts';

const heartbeatRequest = schema(
  `
  group_id:string
  member_id:string
  member_epoch:i32
  instance_id:?string
  rack_id:?string
  rebalance_timeout_ms:i32
  subscribed_names:?(topic:string)
  pattern:?string                1+
  assignor:?string
  owned:?[ topic_id:uuid partitions:(index:i32) ]`,
  0,
);

const heartbeatResponse = schema(
  `
  throttle_time_ms:i32
  error:i16
  error_message:?string=-1
  member_id:?string=-1
  member_epoch:i32
  heartbeat_interval_ms:i32
  assignment:?{ partitions:[ topic_id:uuid partitions:(index:i32) ] } =-1`,
  0,
);

export const consumerGroupHeartbeat: Api = {
  key: 68,
  name: 'consumergroupheartbeat',
  min: 0,
  max: 1,
  request: heartbeatRequest,
  response: heartbeatResponse,
  judge: (asked) => judgeMembership(asked),
};

const describeResponse = schema(
  `
  throttle_time_ms:i32
  groups:[
    error:i16
    error_message:?string=-1
    group_id:string
    state:string
    epoch:i32
    assignment_epoch:i32
    assignor:string
    members:[
      member_id:string
      instance_id:?string
      rack_id:?string
      member_epoch:i32
      client_id:string
      client_host:string
      subscribed_names:(topic:string)
      subscribed_pattern:?string
      assignment:{ partitions:[ topic_id:uuid topic:string partitions:(index:i32) ] }
      target:{ partitions:[ topic_id:uuid topic:string partitions:(index:i32) ] }
      type:i8                    1+
    ]
    authorized_operations:i32=-2147483648
  ]`,
  0,
);

export const consumerGroupDescribe: Api = {
  key: 69,
  name: 'consumergroupdescribe',
  min: 0,
  max: 1,
  request: schema('groups:(group_id:string) include_authorized_operations:bool', 0),
  response: describeResponse,
  judge: judgeDescriptions,
};
