/**
 * What changes topics: CreateTopics (topic CREATE), DeleteTopics (DELETE), DeleteRecords (DELETE), CreatePartitions
 * (ALTER). DeleteTopics version 6 may give ids in place of names, so it ends with 5.
 */

import { byTopic, judgeElements } from '../elements.ts';
import { schema } from '../layout.ts';
import { op } from '../operations.ts';
import type { Api } from '../request.ts';

export const createTopics: Api = {
  key: 19,
  name: 'createtopics',
  min: 2,
  max: 7,
  request: schema(
    `
    topics:[
      name:string
      partition_count:i32
      replicas:i16
      assignments:[ index:i32 brokers:(id:i32) ]
      settings:[ name:string value:?string ]
    ]
    timeout_ms:i32
    validate_only:bool`,
    5,
  ),
  response: schema(
    `
    throttle_time_ms:i32
    topics:[
      name:string
      id:uuid                  7+
      error:i16
      denial:?string=-1
      num_partitions:i32=-1    5+
      replication_factor:i16=-1  5+
      configs:?[ name:string value:?string read_only:bool source:i8 is_sensitive:bool ]  5+
    ]`,
    5,
  ),
  judge: (asked) => judgeElements(asked, { ...byTopic, operations: op.create, denial: 'Authorization failed.' }),
};

export const deleteTopics: Api = {
  key: 20,
  name: 'deletetopics',
  min: 1,
  max: 5,
  request: schema('topics:(name:string) timeout_ms:i32', 4),
  response: schema('throttle_time_ms:i32 topics:[ name:string error:i16 denial:?string=-1 5+ ]', 4),
  judge: (asked) => judgeElements(asked, { ...byTopic, operations: op.delete }),
};

export const deleteRecords: Api = {
  key: 21,
  name: 'deleterecords',
  min: 0,
  max: 2,
  request: schema('topics:[ name:string partitions:[ index:i32 offset:i64 ] ] timeout_ms:i32', 2),
  response: schema(
    'throttle_time_ms:i32 topics:[ name:string partitions:[ index:i32 low_watermark:i64=-1 error:i16 ] ]',
    2,
  ),
  judge: (asked) => judgeElements(asked, { ...byTopic, operations: op.delete }),
};

export const createPartitions: Api = {
  key: 37,
  name: 'createpartitions',
  min: 0,
  max: 3,
  request: schema(
    'topics:[ name:string count:i32 assignments:?[ brokers:(id:i32) ] ] timeout_ms:i32 validate_only:bool',
    2,
  ),
  response: schema('throttle_time_ms:i32 topics:[ name:string error:i16 error_message:?string=-1 ]', 2),
  judge: (asked) => judgeElements(asked, { ...byTopic, operations: op.alter }),
};
