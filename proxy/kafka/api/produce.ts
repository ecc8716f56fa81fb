/**
 * Produce: topic WRITE for each topic, transactional id WRITE when there is one. Versions up to 12 name their topics;
 * 13 has ids. The broker itself refuses transactional batches under a null transactional id (KafkaApis.handleProduce),
 * so record batches are never looked into.
 *
 * Since transactions v2 (KIP-890, version 12) no AddPartitionsToTxn comes before: this is where a transaction's topics
 * are judged.
 */

import type { Access } from '../access.ts';
import { Cursor } from '../cursor.ts';
import { byTopic, type ElementRule, judgeElements } from '../elements.ts';
import { errorCode } from '../error-code.ts';
import { transactionWrite } from '../guard.ts';
import { schema } from '../layout.ts';
import { op } from '../operations.ts';
import { type Api, type Judgement, pass, type Request, type Stream, tooLarge } from '../request.ts';
import { ProduceStream } from './produce-stream.ts';

const request = schema(
  `
  transactional_id:?string
  acks:i16
  timeout_ms:i32
  topics:[
    name:string
    partitions:[ index:i32 records:?bytes ]
  ]`,
  9,
);

const response = schema(
  `
  topics:[
    name:string
    partitions:[
      index:i32
      error:i16
      base_offset:i64=-1
      log_append_time_ms:i64=-1
      log_start_offset:i64=-1    5+
      record_errors:[ batch_index:i32 message:?string ]    8+
      error_message:?string=-1   8+
    ]
  ]
  throttle_time_ms:i32`,
  9,
);

const rule: ElementRule = {
  ...byTopic,
  operations: op.write,
  guards: [{ ...transactionWrite, optional: true }],
};

/** acks, at its place behind the transactional id. */
export function acksOf(bytes: Uint8Array, body: number, version: number): number {
  const cursor = new Cursor().over(bytes, body, bytes.length);
  const length = cursor.stringLength(version >= request.flexible);
  if (length > 0) cursor.skip(length);
  return cursor.i16();
}

function judge(asked: Request): Judgement {
  const judgement = judgeElements(asked, rule);
  return acksOf(asked.bytes, asked.body, asked.version) === 0 ? withoutResponse(judgement) : judgement;
}

/** A request for one granted topic passes while it comes: nothing that follows can make a part of it denied. */
function streams(asked: Request): boolean {
  const { bytes, body, version, access } = asked;
  const compact = version >= request.flexible;
  const cursor = new Cursor().over(bytes, body, bytes.length);
  const idLength = cursor.stringLength(compact);
  const id = cursor.offset;
  if (idLength > 0) cursor.skip(idLength);
  cursor.skip(6);
  const topics = cursor.count(compact, 1);
  const length = cursor.stringLength(compact);
  if (cursor.failed || topics !== 1) return false;
  if (idLength >= 0 && !access.sees('transactionalId', bytes, id, idLength, op.write)) return false;
  return access.sees('topic', bytes, cursor.offset, length, op.write);
}

function stream(asked: Request, total: number): Stream {
  const { access, body, version } = asked;
  return new ProduceStream(asked, total, version >= request.flexible, (outline, denied, passed) => {
    if (outline === undefined) return { kind: 'close', reason: 'limit', detail: 'too many partitions' };
    const acks = acksOf(outline, body, version);
    if (!denied) return { kind: 'forwarded', response: acks === 0 ? { kind: 'none' } : pass };
    if (acks === 0) return { kind: 'close', reason: 'no-rule', detail: 'acks=0' };
    const judgement = judgeElements({ ...asked, bytes: outline }, rejudged(access));
    if (judgement.kind === 'answer') return { ...judgement, closes: passed };
    return judgement.kind === 'close' ? judgement : tooLarge;
  });
}

/** The rule for an outline, whose names are noted already; nothing of it was written. */
function rejudged(access: Access): ElementRule {
  return {
    ...rule,
    guards: [],
    othersError: errorCode.notLeaderOrFollower,
    check({ bytes, version }, _, offsets) {
      const cursor = new Cursor().over(bytes, offsets[0] ?? 0, bytes.length);
      const length = cursor.stringLength(version >= request.flexible);
      const granted = length < 0 || access.sees('transactionalId', bytes, cursor.offset, length, op.write);
      return granted ? undefined : errorCode.transactionalIdAuthorizationFailed;
    },
    judge: (entries, index, _, bytes) =>
      access.sees('topic', bytes, entries.nameAt(index), entries.nameLength(index), op.write) ? 0 : rule.error,
  };
}

/** With acks=0 the broker can't report an error; it closes the connection once the granted topics are written. */
function withoutResponse(judgement: Judgement): Judgement {
  switch (judgement.kind) {
    case 'pass':
    case 'patch':
      return { ...judgement, response: { kind: 'none' } };
    case 'replace':
      return { ...judgement, response: { kind: 'closing' } };
    case 'answer':
      return { kind: 'close', reason: 'no-rule', detail: 'acks=0', error: judgement.error };
    case 'close':
    case 'lookup':
      return judgement;
  }
}

/**
 * librdkafka gives up compression when version 0 is not announced, so 4.x brokers announce it and accept from 3 on
 * (KAFKA-18659); so do we.
 */
export const produce: Api = {
  key: 0,
  name: 'produce',
  min: 3,
  max: 12,
  announcedMin: 0,
  request,
  response,
  namesBrokers: 'in tags',
  judge,
  streams,
  stream,
};
