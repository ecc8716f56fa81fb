/** Membership of share groups (KIP-932); ../group-protocol.ts says what is judged. */

import { judgeDescriptions, judgeMembership } from '../group-protocol.ts';
import { schema } from '../layout.ts';
import type { Api } from '../request.ts';

export const shareGroupHeartbeat: Api = {
  key: 76,
  name: 'sharegroupheartbeat',
  min: 1,
  max: 1,
  request: schema(
    `
    group_id:string
    member_id:string
    member_epoch:i32
    rack_id:?string
    subscribed_names:?(topic:string)`,
    0,
  ),
  response: schema(
    `
    throttle_time_ms:i32
    error:i16
    error_message:?string=-1
    member_id:?string=-1
    member_epoch:i32
    heartbeat_interval_ms:i32
    assignment:?{ partitions:[ topic_id:uuid partitions:(index:i32) ] } =-1`,
    0,
  ),
  judge: (asked) => judgeMembership(asked),
};

export const shareGroupDescribe: Api = {
  key: 77,
  name: 'sharegroupdescribe',
  min: 1,
  max: 1,
  request: schema('groups:(group_id:string) include_authorized_operations:bool', 0),
  response: schema(
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
        rack_id:?string
        member_epoch:i32
        client_id:string
        client_host:string
        subscribed_names:(name:string)
        assignment:{ partitions:[ topic_id:uuid topic:string partitions:(index:i32) ] }
      ]
      authorized_operations:i32=-2147483648
    ]`,
    0,
  ),
  judge: judgeDescriptions,
};
