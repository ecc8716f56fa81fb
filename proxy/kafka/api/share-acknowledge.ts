/**
 * ShareAcknowledge: group READ, topic READ for each topic, which it names by id. The request reaches the broker even with
 * every topic taken out of it, because it counts the session's epoch there.
 */

import { byTopic, judgeElements } from '../elements.ts';
import { errorCode } from '../error-code.ts';
import { groupRead } from '../guard.ts';
import { schema } from '../layout.ts';
import { op } from '../operations.ts';
import type { Api, Judgement, Request } from '../request.ts';
import { idAt } from '../topic-ids.ts';
import { openIds } from './share-topics.ts';

const request = schema(
  `
  group_id:?string
  member_id:?string
  session_epoch:i32
  is_renewal:bool          2+
  topics:[
    topic_id:uuid
    partitions:[ index:i32 batches:[ first_offset:i64 last_offset:i64 types:(type:i8) ] ]
  ]`,
  0,
);

const response = schema(
  `
  throttle_time_ms:i32
  error:i16
  error_message:?string=-1
  lock_timeout_ms:i32      2+
  topics:[
    topic_id:uuid
    partitions:[
      index:i32
      error:i16
      error_message:?string=-1
      leader:{ leader_id:i32 leader_epoch:i32 }
    ]
  ]
  endpoints:[ node_id:i32 host:string port:i32 rack:?string=-1 ]`,
  0,
);

function judge(asked: Request): Judgement {
  const { access, shares } = asked;
  const ids = openIds(asked, []);
  if (ids.length > 0) return { kind: 'lookup', ids };
  return judgeElements(asked, {
    ...byTopic,
    name: 'topic_id',
    operations: op.read,
    guards: [groupRead],
    topError: 'alone',
    asksAlways: true,
    judge: (entries, index, _, bytes) => {
      const name = shares.topicIds.name(idAt(bytes, entries.from(index)));
      if (name === undefined) return errorCode.unknownTopicId;
      return access.may('topic', name, 0, name.length, op.read) ? 0 : errorCode.topicAuthorizationFailed;
    },
  });
}

export const shareAcknowledge: Api = {
  key: 79,
  name: 'shareacknowledge',
  min: 1,
  max: 2,
  request,
  response,
  namesBrokers: 'in fields',
  judge,
};
