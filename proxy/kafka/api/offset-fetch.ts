/**
 * OffsetFetch: group DESCRIBE, topic DESCRIBE for each topic; ../group-offsets.ts filters the response. From version 8 on a
 * request asks for several groups; a null list of topics asks for all of them. Versions up to 9 name their topics; 10 has
 * ids.
 */

import { Cursor } from '../cursor.ts';
import { errorCode } from '../error-code.ts';
import { filterOffsets, readGroups, readTopics } from '../group-offsets.ts';
import { type Guard, guarded } from '../guard.ts';
import { schema } from '../layout.ts';
import { op } from '../operations.ts';
import { type Api, type Judgement, malformed, type Request } from '../request.ts';
import { skipField, skipTags } from '../skim.ts';
import { refuse } from '../well-formed.ts';

const request = schema(
  `
  group_id:string          0-7
  topics:[ name:string partitions:(index:i32) ]   1
  topics:?[ name:string partitions:(index:i32) ]  2-7
  groups:[
    group_id:string
    member_id:?string      9+
    member_epoch:i32       9+
    topics:?[ name:string partitions:(index:i32) ]
  ]                        8+
  require_stable:bool      7+`,
  6,
);

const response = schema(
  `
  throttle_time_ms:i32     3+
  topics:[
    name:string
    partitions:[ index:i32 offset:i64=-1 leader_epoch:i32=-1 5+ metadata:?string error:i16 ]
  ]                        0-7
  error:i16                2-7
  groups:[
    group_id:string
    topics:[
      name:string
      partitions:[ index:i32 offset:i64=-1 leader_epoch:i32=-1 metadata:?string error:i16 ]
    ]
    error:i16
  ]                        8+`,
  6,
);

/** The response as the broker gave it, of which a denial keeps name and index alone. */
const given = schema(
  `
  throttle_time_ms:i32     3+
  topics:[
    name:string
    partitions:[ index:i32 given_offset:i64 given_epoch:i32 5+ given_metadata:?string given_error:i16 ]
  ]                        0-7
  given_error:i16          2-7
  groups:[
    group_id:string
    topics:[
      name:string
      partitions:[ index:i32 given_offset:i64 given_epoch:i32 given_metadata:?string given_error:i16 ]
    ]
    given_error:i16
  ]                        8+`,
  6,
);

const guards: readonly Guard[] = [
  { field: 'group_id', kind: 'group', operations: op.describe, error: errorCode.groupAuthorizationFailed },
];

const cursor = new Cursor();
const offsets = new Int32Array(16);

function judge(asked: Request): Judgement {
  const layout = request.layout(asked.version);
  cursor.over(asked.bytes, asked.body, asked.bytes.length);
  const unnamed: boolean[] = [];
  let index = 0;
  for (const field of layout.fields) {
    offsets[index++] = cursor.offset;
    if (field.name === 'topics') unnamed.push(readTopics(cursor, asked, field));
    else if (field.name === 'groups') readGroups(cursor, asked, field, unnamed);
    else skipField(cursor, field);
  }
  if (layout.tagged) skipTags(cursor);
  if (cursor.failed || cursor.left > 0) return malformed('offsetfetch request');

  const error = guarded(asked, guards, cursor, layout, offsets);
  // Version 1 has no place for the group's error but its partitions, where the filter puts it.
  if (error !== undefined && asked.version >= 2) return refuse(asked, error);
  const { api, version, access } = asked;
  const all = access.all('topic', op.describe) && access.all('group', op.describe);
  if (all && error === undefined) return { kind: 'pass', response: { kind: 'pass' } };
  const rewrite = (frame: Uint8Array) => filterOffsets(frame, { api, version, access }, given, unnamed, error);
  return { kind: 'pass', response: { kind: 'rewrite', rewrite } };
}

export const offsetFetch: Api = { key: 9, name: 'offsetfetch', min: 1, max: 9, request, response, judge };
