/**
 * InitProducerId: WRITE on the transactional id; without one (an idempotent producer, the default of clients since 3.0)
 * WRITE on any topic, else error 31.
 */

import { Cursor } from '../cursor.ts';
import { errorCode } from '../error-code.ts';
import { schema } from '../layout.ts';
import { op } from '../operations.ts';
import { type Api, type Judgement, passed, type Request } from '../request.ts';
import { refuse, wellFormed } from '../well-formed.ts';

const request = schema(
  `
  transactional_id:?string
  transaction_timeout_ms:i32
  producer_id:i64          3+
  producer_epoch:i16       3+`,
  2,
);

const response = schema('throttle_time_ms:i32 error:i16 producer_id:i64=-1 producer_epoch:i16=-1', 2);

const cursor = new Cursor();

function judge(asked: Request): Judgement {
  return wellFormed(asked, () => {
    const { access, bytes } = asked;
    cursor.over(bytes, asked.body, bytes.length);
    const length = cursor.stringLength(asked.version >= request.flexible);
    if (length < 0) return access.anyTopic(op.write) ? passed : refuse(asked, errorCode.clusterAuthorizationFailed);
    return access.may('transactionalId', bytes, cursor.offset, length, op.write)
      ? passed
      : refuse(asked, errorCode.transactionalIdAuthorizationFailed);
  });
}

export const initProducerId: Api = { key: 22, name: 'initproducerid', min: 0, max: 5, request, response, judge };
