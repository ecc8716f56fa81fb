/**
 * FindCoordinator: group DESCRIBE for the coordinator of a group (key type 0), transactional id DESCRIBE for one of
 * transactions (1). Type 2 is for share groups, which are not let through. Version 4 asks for several at once.
 */

import { Cursor } from '../cursor.ts';
import { judgeElements } from '../elements.ts';
import { errorCode } from '../error-code.ts';
import { schema } from '../layout.ts';
import { op } from '../operations.ts';
import { type Api, type Judgement, passed, type Request } from '../request.ts';
import { refuse, wellFormed } from '../well-formed.ts';

const request = schema(
  `
  key:string               0-3
  key_type:i8              1+
  keys:(key:string)        4+`,
  3,
);

const response = schema(
  `
  throttle_time_ms:i32     1+
  error:i16                0-3
  denial:?string=-1        1-3
  node_id:i32=-1           0-3
  host:string              0-3
  port:i32=-1              0-3
  coordinators:[
    key:string
    node_id:i32=-1
    host:string
    port:i32=-1
    error:i16
    error_message:?string
  ]                        4+`,
  3,
);

const cursor = new Cursor();

function errorFor(asked: Request, type: number, start: number, length: number): number {
  const { access, bytes } = asked;
  switch (type) {
    case 0:
      return access.may('group', bytes, start, length, op.describe) ? 0 : errorCode.groupAuthorizationFailed;
    case 1:
      return access.may('transactionalId', bytes, start, length, op.describe)
        ? 0
        : errorCode.transactionalIdAuthorizationFailed;
    default:
      access.deny('coordinator type', String(type));
      return access.audit ? 0 : errorCode.clusterAuthorizationFailed;
  }
}

function typeAt(asked: Request, offset: number): number {
  return asked.version < 1 ? 0 : cursor.over(asked.bytes, offset, asked.bytes.length).i8();
}

function judge(asked: Request): Judgement {
  if (asked.version >= 4) return judgeMany(asked);
  return wellFormed(asked, (offsets) => {
    const type = typeAt(asked, offsets[1] ?? 0);
    cursor.over(asked.bytes, offsets[0] ?? 0, asked.bytes.length);
    const length = cursor.stringLength(asked.version >= request.flexible);
    const error = errorFor(asked, type, cursor.offset, length);
    return error === 0 ? passed : refuse(asked, error);
  });
}

function judgeMany(asked: Request): Judgement {
  return judgeElements(asked, {
    asked: 'keys',
    answered: 'coordinators',
    name: 'key',
    kind: 'group',
    operations: op.describe,
    error: errorCode.groupAuthorizationFailed,
    judge: (entries, index, offsets) =>
      errorFor(asked, typeAt(asked, offsets[0] ?? 0), entries.nameAt(index), entries.nameLength(index)),
  });
}

export const findCoordinator: Api = {
  key: 10,
  name: 'findcoordinator',
  min: 0,
  max: 6,
  request,
  response,
  namesBrokers: 'in fields',
  judge,
};
