/**
 * Metadata: topic DESCRIBE. The request passes with its names, the response is filtered: a named topic that is not
 * granted comes back with error 29 and nothing else of it, in a listing of all topics it is left out, as the broker
 * does. So a client can't tell a topic that it may not see from one that does not exist.
 *
 * `allow_auto_topic_creation` is cleared unless the client may create every topic that it names: else asking for a topic
 * would create it.
 */

import { Cursor } from '../cursor.ts';
import { errorCode } from '../error-code.ts';
import { schema } from '../layout.ts';
import { type Asked, filterListing } from '../listing.ts';
import { op } from '../operations.ts';
import { type Api, type Judgement, malformed, pass, type Request, type ResponsePlan, tooLarge } from '../request.ts';
import { Entries, skipField, skipTags } from '../skim.ts';
import { lower, raise, standIn } from './metadata-before-4.ts';

const request = schema(
  `
  topics:[ name:string ]                       0
  topics:?[ id:uuid 10+  name:string 1-9  name:?string 10+ ]  1+
  allow_auto_topic_creation:bool               4+
  include_cluster_authorized_operations:bool   8-10
  include_topic_authorized_operations:bool     8+`,
  9,
);

const response = schema(
  `
  throttle_time_ms:i32     3+
  brokers:[ node_id:i32 host:string port:i32 rack:?string 1+ ]
  cluster_id:?string       2+
  controller_id:i32        1+
  topics:[
    error:i16
    name:string            0-11
    name:?string=-1        12+
    id:uuid                10+
    is_internal:bool       1+
    partitions:[
      error:i16
      index:i32
      leader_id:i32
      leader_epoch:i32     7+
      replicas:(node_id:i32)
      in_sync:(node_id:i32)
      offline:(node_id:i32)      5+
    ]
    authorized_operations:i32=-2147483648  8+
  ]
  cluster_authorized_operations:i32    8-10
  error:i16                13+`,
  9,
);

const cursor = new Cursor();
const entries = new Entries();

function judge(asked: Request): Judgement {
  const { access, bytes } = asked;
  const layout = request.layout(asked.version);
  cursor.over(bytes, asked.body, bytes.length);
  let flag = -1;
  for (const field of layout.fields) {
    if (field.name === 'topics') {
      entries.read(cursor, field, 'name');
    } else {
      if (field.name === 'allow_auto_topic_creation') flag = cursor.offset;
      skipField(cursor, field);
    }
  }
  if (layout.tagged) skipTags(cursor);
  if (cursor.failed || cursor.left > 0) return malformed('metadata request');

  const all = entries.isNull || (asked.version === 0 && entries.count === 0);
  let byId = false;
  let create = true;
  for (let index = 0; index < entries.count; index++) {
    const length = entries.nameLength(index);
    if (length < 0) {
      // Asked for by its id: the broker puts the name into its response, where it is judged.
      byId = true;
      continue;
    }
    access.may('topic', bytes, entries.nameAt(index), length, op.describe);
    create &&= access.sees('topic', bytes, entries.nameAt(index), length, op.create);
  }
  const { api, version } = asked;
  if (version < standIn) {
    const frame = raise(asked, all, create);
    const as4: Asked = { api, version: standIn, access };
    const rewrite = (given: Uint8Array) => {
      const filtered = filter(given, as4, all, false);
      return filtered === undefined ? undefined : lower(filtered, response, version);
    };
    return frame === undefined ? tooLarge : { kind: 'replace', frame, response: { kind: 'rewrite', rewrite } };
  }
  const plan: ResponsePlan = access.all('topic', op.describe)
    ? pass
    : { kind: 'rewrite', rewrite: (frame) => filter(frame, { api, version, access }, all, byId) };
  if (create || flag < 0 || bytes[flag] === 0) return { kind: 'pass', response: plan };
  return { kind: 'patch', offset: flag, bytes: Uint8Array.of(0), response: plan };
}

function filter(frame: Uint8Array, asked: Asked, all: boolean, byId: boolean): Uint8Array | undefined {
  return filterListing(frame, asked, {
    list: 'topics',
    name: 'name',
    kind: 'topic',
    operations: op.describe,
    error: all ? undefined : errorCode.topicAuthorizationFailed,
    // "Topic ids are not considered sensitive" (KafkaApis.handleTopicMetadataRequest); the name is, to who knows only the id.
    keep: byId ? 'id' : 'name',
  });
}

export const metadata: Api = {
  key: 3,
  name: 'metadata',
  min: 0,
  max: 13,
  request,
  response,
  namesBrokers: 'in fields',
  judge,
};
