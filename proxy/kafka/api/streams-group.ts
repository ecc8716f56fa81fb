/**
 * Streams groups (KIP-1071); ../group-protocol.ts says what is judged. A heartbeat may carry the topology, and the broker
 * makes the changelog and repartition topics in it, as far as they are missing. Kafka asks for CREATE only then; what is
 * missing is not known here, so it is asked for always.
 */

import { errorCode } from '../error-code.ts';
import { judgeDescriptions, judgeMembership } from '../group-protocol.ts';
import { schema } from '../layout.ts';
import type { Api } from '../request.ts';
import { isTopicName } from '../topic-name.ts';

const made = 'created:string partitions:i32 replication_factor:i16 configs:[ key:string value:string ]';
const tasks = '[ subtopology:string partitions:(index:i32) ]';
const taskOffsets = '[ subtopology:string partition:i32 offset:i64 ]';

const request = schema(
  `
  group_id:string
  member_id:string
  member_epoch:i32
  endpoint_epoch:i32
  instance_id:?string
  rack_id:?string
  rebalance_timeout_ms:i32
  topology:?{
    epoch:i32
    subtopologies:[
      subtopology:string
      source_topics:(topic:string)
      source_patterns:(pattern:string)
      changelogs:[ ${made} ]
      repartition_sinks:(topic:string)
      repartition_sources:[ ${made} ]
      copartition_groups:[ source_topics:(index:i16) source_patterns:(index:i16) repartition_sources:(index:i16) ]
    ]
  }
  active:?${tasks}
  standby:?${tasks}
  warmup:?${tasks}
  process_id:?string
  endpoint:?{ host:string port:i16 }
  client_tags:?[ key:string value:string ]
  offsets:?${taskOffsets}
  end_offsets:?${taskOffsets}
  shutdown:bool`,
  0,
);

const response = schema(
  `
  throttle_time_ms:i32
  error:i16
  error_message:?string=-1
  member_id:string
  member_epoch:i32
  heartbeat_interval_ms:i32
  acceptable_lag:i32
  offset_interval_ms:i32
  status:?[ code:i8 detail:string ] =-1
  active:?${tasks} =-1
  standby:?${tasks} =-1
  warmup:?${tasks} =-1
  endpoint_epoch:i32
  endpoints:?[
    endpoint:{ host:string port:i16 }
    active:[ topic:string partitions:(index:i32) ]
    standby:[ topic:string partitions:(index:i32) ]
  ] =-1`,
  0,
);

/** The broker's own (org.apache.kafka.common.internals.Topic). */
const internal = new Set(['__consumer_offsets', '__transaction_state', '__share_group_state']);

/** Kafka looks at names before it looks at rights. */
function notInTopology(bytes: Uint8Array, start: number, length: number): number | undefined {
  const name = Buffer.from(bytes.buffer, bytes.byteOffset + start, Math.max(0, length)).toString('latin1');
  return isTopicName(bytes, start, length) && !internal.has(name) ? undefined : errorCode.streamsInvalidTopology;
}

export const streamsGroupHeartbeat: Api = {
  key: 88,
  name: 'streamsgroupheartbeat',
  min: 0,
  max: 0,
  request,
  response,
  judge: (asked) => judgeMembership(asked, notInTopology),
};

const described = 'topic:string partitions:i32 replication_factor:i16 configs:[ key:string value:string ]';
const assignment = `{ active:${tasks} standby:${tasks} warmup:${tasks} }`;

export const streamsGroupDescribe: Api = {
  key: 89,
  name: 'streamsgroupdescribe',
  min: 0,
  max: 0,
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
      topology:?{
        epoch:i32
        subtopologies:?[
          subtopology:string
          source_topics:(topic:string)
          repartition_sinks:(topic:string)
          changelogs:[ ${described} ]
          repartition_sources:[ ${described} ]
        ]
      } =-1
      members:[
        member_id:string
        member_epoch:i32
        instance_id:?string
        rack_id:?string
        client_id:string
        client_host:string
        topology_epoch:i32
        process_id:string
        endpoint:?{ host:string port:i16 }
        client_tags:[ key:string value:string ]
        offsets:${taskOffsets}
        end_offsets:${taskOffsets}
        assignment:${assignment}
        target:${assignment}
        is_classic:bool
      ]
      authorized_operations:i32=-2147483648
    ]`,
    0,
  ),
  judge: judgeDescriptions,
};
