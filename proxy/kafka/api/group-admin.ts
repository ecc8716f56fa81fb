/**
 * What changes groups from outside: DeleteGroups (group DELETE for each), OffsetDelete (group DELETE, topic READ or
 * ALTER for each topic, so that a rule for administrators needs no right to read).
 */

import { byTopic, judgeElements } from '../elements.ts';
import { errorCode } from '../error-code.ts';
import { groupDelete } from '../guard.ts';
import { schema } from '../layout.ts';
import { op } from '../operations.ts';
import type { Api } from '../request.ts';

export const deleteGroups: Api = {
  key: 42,
  name: 'deletegroups',
  min: 0,
  max: 2,
  request: schema('groups:(group_id:string)', 2),
  response: schema('throttle_time_ms:i32 groups:[ group_id:string error:i16 ]', 2),
  judge: (asked) =>
    judgeElements(asked, {
      asked: 'groups',
      answered: 'groups',
      name: 'group_id',
      kind: 'group',
      operations: op.delete,
      error: errorCode.groupAuthorizationFailed,
    }),
};

export const offsetDelete: Api = {
  key: 47,
  name: 'offsetdelete',
  min: 0,
  max: 0,
  request: schema('group_id:string topics:[ name:string partitions:[ index:i32 ] ]', Number.POSITIVE_INFINITY),
  response: schema(
    'error:i16 throttle_time_ms:i32 topics:[ name:string partitions:[ index:i32 error:i16 ] ]',
    Number.POSITIVE_INFINITY,
  ),
  judge: (asked) =>
    judgeElements(asked, {
      ...byTopic,
      operations: op.read | op.alter,
      guards: [groupDelete],
      topError: 'alone',
    }),
};
