/**
 * JoinGroup, Heartbeat, LeaveGroup and SyncGroup: group READ. What members subscribe to stands only in bytes that are
 * opaque to the broker too; it is judged when they fetch.
 */

import { groupRead } from '../guard.ts';
import { schema } from '../layout.ts';
import type { Api, Request } from '../request.ts';
import { judgeWhole } from '../well-formed.ts';

const judge = (asked: Request) => judgeWhole(asked, [groupRead]);

export const joinGroup: Api = {
  key: 11,
  name: 'joingroup',
  min: 0,
  max: 9,
  request: schema(
    `
    group_id:string
    session_timeout_ms:i32
    rebalance_timeout_ms:i32   1+
    member_id:string
    group_instance_id:?string  5+
    protocol_type:string
    protocols:[ name:string metadata:bytes ]
    reason:?string             8+`,
    6,
  ),
  response: schema(
    `
    throttle_time_ms:i32       2+
    error:i16
    generation_id:i32=-1
    protocol_type:?string=-1   7+
    protocol_name:string       0-6
    protocol_name:?string=-1   7+
    leader:string
    skip_assignment:bool       9+
    member_id:string
    members:[ member_id:string group_instance_id:?string 5+ metadata:bytes ]`,
    6,
  ),
  judge,
};

export const heartbeat: Api = {
  key: 12,
  name: 'heartbeat',
  min: 0,
  max: 4,
  request: schema('group_id:string generation_id:i32 member_id:string group_instance_id:?string 3+', 4),
  response: schema('throttle_time_ms:i32 1+ error:i16', 4),
  judge,
};

export const leaveGroup: Api = {
  key: 13,
  name: 'leavegroup',
  min: 0,
  max: 5,
  request: schema(
    `
    group_id:string
    member_id:string           0-2
    members:[ member_id:string group_instance_id:?string reason:?string 5+ ]  3+`,
    4,
  ),
  response: schema(
    `
    throttle_time_ms:i32       1+
    error:i16
    members:[ member_id:string group_instance_id:?string error:i16 ]  3+`,
    4,
  ),
  judge,
};

export const syncGroup: Api = {
  key: 14,
  name: 'syncgroup',
  min: 0,
  max: 5,
  request: schema(
    `
    group_id:string
    generation_id:i32
    member_id:string
    group_instance_id:?string  3+
    protocol_type:?string      5+
    protocol_name:?string      5+
    assignments:[ member_id:string assignment:bytes ]`,
    4,
  ),
  response: schema(
    `
    throttle_time_ms:i32       1+
    error:i16
    protocol_type:?string=-1   5+
    protocol_name:?string=-1   5+
    assignment:bytes`,
    4,
  ),
  judge,
};
