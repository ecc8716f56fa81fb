/**
 * What a transactional producer asks of its coordinator: transactional id WRITE for all of it, and
 * - AddPartitionsToTxn: topic WRITE; when one topic is denied nothing is added, the others get error 55 (versions from 4
 *   on are for brokers only);
 * - AddOffsetsToTxn and TxnOffsetCommit: group READ, and the latter topic READ for each topic.
 *
 * ListTransactions leaves out what the client may not DESCRIBE.
 */

import { byTopic, judgeElements } from '../elements.ts';
import { errorCode } from '../error-code.ts';
import { groupRead, transactionWrite } from '../guard.ts';
import { schema } from '../layout.ts';
import { type Asked, filterListing } from '../listing.ts';
import { op } from '../operations.ts';
import { type Api, passed } from '../request.ts';
import { judgeWhole, wellFormed } from '../well-formed.ts';

export const addPartitionsToTxn: Api = {
  key: 24,
  name: 'addpartitionstotxn',
  min: 0,
  max: 3,
  request: schema(
    `
    transactional_id:string
    producer_id:i64
    producer_epoch:i16
    topics:[ name:string partitions:(index:i32) ]`,
    3,
  ),
  response: schema('throttle_time_ms:i32 topics:[ name:string partitions:[ index:i32 error:i16 ] ]', 3),
  judge: (asked) =>
    judgeElements(asked, {
      ...byTopic,
      operations: op.write,
      othersError: errorCode.operationNotAttempted,
      guards: [transactionWrite],
    }),
};

export const addOffsetsToTxn: Api = {
  key: 25,
  name: 'addoffsetstotxn',
  min: 0,
  max: 4,
  request: schema('transactional_id:string producer_id:i64 producer_epoch:i16 group_id:string', 3),
  response: schema('throttle_time_ms:i32 error:i16', 3),
  judge: (asked) => judgeWhole(asked, [transactionWrite, groupRead]),
};

export const endTxn: Api = {
  key: 26,
  name: 'endtxn',
  min: 0,
  max: 5,
  request: schema('transactional_id:string producer_id:i64 producer_epoch:i16 committed:bool', 3),
  response: schema('throttle_time_ms:i32 error:i16 producer_id:i64=-1 5+ producer_epoch:i16=-1 5+', 3),
  judge: (asked) => judgeWhole(asked, [transactionWrite]),
};

export const txnOffsetCommit: Api = {
  key: 28,
  name: 'txnoffsetcommit',
  min: 0,
  max: 5,
  request: schema(
    `
    transactional_id:string
    group_id:string
    producer_id:i64
    producer_epoch:i16
    generation_id:i32          3+
    member_id:string           3+
    group_instance_id:?string  3+
    topics:[
      name:string
      partitions:[ index:i32 offset:i64 leader_epoch:i32 2+ metadata:?string ]
    ]`,
    3,
  ),
  response: schema('throttle_time_ms:i32 topics:[ name:string partitions:[ index:i32 error:i16 ] ]', 3),
  judge: (asked) =>
    judgeElements(asked, {
      ...byTopic,
      operations: op.read,
      guards: [transactionWrite, groupRead],
    }),
};

/** Keeps of the request what the filter needs, not its bytes. */
function filtering({ api, version, access }: Asked): (frame: Uint8Array) => Uint8Array | undefined {
  const asked = { api, version, access };
  return (frame) => filter(frame, asked);
}

function filter(frame: Uint8Array, asked: Asked): Uint8Array | undefined {
  return filterListing(frame, asked, {
    list: 'transactions',
    name: 'transactional_id',
    kind: 'transactionalId',
    operations: op.describe,
    error: undefined,
  });
}

export const listTransactions: Api = {
  key: 66,
  name: 'listtransactions',
  min: 0,
  max: 2,
  request: schema(
    `
    states:(state:string)
    producer_ids:(id:i64)
    duration_filter:i64        1+
    pattern:?string            2+`,
    0,
  ),
  response: schema(
    `
    throttle_time_ms:i32
    error:i16
    unknown_states:(state:string)
    transactions:[ transactional_id:string producer_id:i64 state:string ]`,
    0,
  ),
  judge: (asked) =>
    wellFormed(asked, () =>
      asked.access.all('transactionalId', op.describe)
        ? passed
        : { kind: 'pass', response: { kind: 'rewrite', rewrite: filtering(asked) } },
    ),
};
