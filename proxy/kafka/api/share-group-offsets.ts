/**
 * Offsets of share groups (KIP-932). DescribeShareGroupOffsets: group DESCRIBE, topic DESCRIBE, and as OffsetFetch the
 * request passes and the response is filtered. AlterShareGroupOffsets: group READ, topic READ. DeleteShareGroupOffsets:
 * group DELETE, topic READ. The latter two reach the broker even with every topic denied, for it says first what is wrong
 * with the group.
 */

import { Cursor } from '../cursor.ts';
import { byTopic, judgeElements } from '../elements.ts';
import { filterOffsets, readGroups } from '../group-offsets.ts';
import { groupDelete, groupRead } from '../guard.ts';
import { schema } from '../layout.ts';
import { op } from '../operations.ts';
import { type Api, type Judgement, malformed, type Request } from '../request.ts';
import { skipField, skipTags } from '../skim.ts';

const described = schema(
  `
  throttle_time_ms:i32
  groups:[
    group_id:string
    topics:[
      name:string
      topic_id:uuid
      partitions:[ index:i32 start_offset:i64=-1 leader_epoch:i32 lag:i64=-1 1+ error:i16 denial:?string=-1 ]
    ]
    error:i16
    error_message:?string=-1
  ]`,
  0,
);

/** As the broker gave it, of which a denial keeps name and index alone. */
const given = schema(
  `
  throttle_time_ms:i32
  groups:[
    group_id:string
    topics:[
      name:string
      given_id:uuid
      partitions:[ index:i32 given_offset:i64 given_epoch:i32 given_lag:i64 1+ given_error:i16 given_message:?string ]
    ]
    given_error:i16
    given_message:?string
  ]`,
  0,
);

const cursor = new Cursor();

function judgeDescribe(asked: Request): Judgement {
  const { api, version, access } = asked;
  const unnamed: boolean[] = [];
  cursor.over(asked.bytes, asked.body, asked.bytes.length);
  for (const field of api.request.layout(version).fields) {
    if (field.name === 'groups') readGroups(cursor, asked, field, unnamed);
    else skipField(cursor, field);
  }
  skipTags(cursor);
  if (cursor.failed || cursor.left > 0) return malformed(`${api.name} request`);
  if (access.all('topic', op.describe) && access.all('group', op.describe)) {
    return { kind: 'pass', response: { kind: 'pass' } };
  }
  const rewrite = (frame: Uint8Array) => filterOffsets(frame, { api, version, access }, given, unnamed, undefined);
  return { kind: 'pass', response: { kind: 'rewrite', rewrite } };
}

export const describeShareGroupOffsets: Api = {
  key: 90,
  name: 'describesharegroupoffsets',
  min: 0,
  max: 1,
  request: schema('groups:[ group_id:string topics:?[ name:string partitions:(index:i32) ] ]', 0),
  response: described,
  judge: judgeDescribe,
};

export const alterShareGroupOffsets: Api = {
  key: 91,
  name: 'altersharegroupoffsets',
  min: 0,
  max: 0,
  request: schema('group_id:string topics:[ name:string partitions:[ index:i32 start_offset:i64 ] ]', 0),
  response: schema(
    `
    throttle_time_ms:i32
    error:i16
    denial:?string=-1
    topics:[
      name:string
      topic_id:uuid
      partitions:[ index:i32 error:i16 error_message:?string=-1 ]
    ]`,
    0,
  ),
  judge: (asked) =>
    judgeElements(asked, {
      ...byTopic,
      operations: op.read,
      guards: [groupRead],
      topError: 'alone',
      asksAlways: true,
    }),
};

export const deleteShareGroupOffsets: Api = {
  key: 92,
  name: 'deletesharegroupoffsets',
  min: 0,
  max: 0,
  request: schema('group_id:string topics:[ name:string ]', 0),
  response: schema(
    `
    throttle_time_ms:i32
    error:i16
    denial:?string=-1
    topics:[ name:string topic_id:uuid error:i16 error_message:?string=-1 ]`,
    0,
  ),
  judge: (asked) =>
    judgeElements(asked, {
      ...byTopic,
      operations: op.read,
      guards: [groupDelete],
      topError: 'alone',
      asksAlways: true,
    }),
};
