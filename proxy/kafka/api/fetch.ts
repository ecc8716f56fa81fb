/**
 * Fetch: topic READ for each topic. Versions up to 12 name their topics; 13 has ids.
 *
 * Fetch sessions (KIP-227) would let a client read on what an earlier request named, after the policy has changed: a
 * fetch within a session lists only what is new. Session id 0 and epoch −1 ask for a full fetch outside of sessions; the
 * broker answers session id 0, and every client then goes on without one. Both fields have a fixed place and width.
 */

import { byTopic, type ElementRule, judgeElements } from '../elements.ts';
import { type Layout, schema } from '../layout.ts';
import { op } from '../operations.ts';
import { consumerOnly } from '../replica-id.ts';
import { type Api, type Judgement, pass, passed, type Request } from '../request.ts';

const request = schema(
  `
  replica_id:i32
  max_wait_ms:i32
  min_bytes:i32
  max_bytes:i32
  isolation_level:i8
  session_id:i32           7+
  session_epoch:i32        7+
  topics:[
    name:string
    partitions:[
      index:i32
      current_leader_epoch:i32   9+
      fetch_offset:i64
      last_fetched_epoch:i32     12+
      follower_start_offset:i64  5+
      partition_max_bytes:i32
    ]
  ]
  forgotten_topics:[ name:string partitions:(index:i32) ]  7+
  rack_id:string           11+`,
  12,
);

const response = schema(
  `
  throttle_time_ms:i32
  error:i16                7+
  session_id:i32           7+
  topics:[
    name:string
    partitions:[
      index:i32
      error:i16
      high_watermark:i64=-1
      last_stable_offset:i64=-1
      log_start_offset:i64=-1    5+
      aborted_transactions:?[ producer_id:i64 first_offset:i64 ]
      preferred_read_replica:i32=-1  11+
      records:?bytes
    ]
  ]`,
  12,
);

const outsideSessions = Uint8Array.of(0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff);

function sessionOffset(layout: Layout, offsets: Int32Array): number | undefined {
  const index = layout.at.get('session_id');
  return index === undefined ? undefined : offsets[index];
}

const rule: ElementRule = {
  ...byTopic,
  operations: op.read,
  check: consumerOnly,
  amend(asked: Request, layout: Layout, offsets: Int32Array): Judgement {
    const offset = sessionOffset(layout, offsets);
    if (offset === undefined || isOutsideSessions(asked.bytes, offset)) return passed;
    return { kind: 'patch', offset, bytes: outsideSessions, response: pass };
  },
  amendFrame(frame: Uint8Array, layout: Layout, offsets: Int32Array): void {
    const offset = sessionOffset(layout, offsets);
    if (offset !== undefined) frame.set(outsideSessions, offset);
  },
};

function isOutsideSessions(bytes: Uint8Array, offset: number): boolean {
  return outsideSessions.every((byte, index) => bytes[offset + index] === byte);
}

export const fetch: Api = {
  key: 1,
  name: 'fetch',
  min: 4,
  max: 12,
  request,
  response,
  judge: (asked) => judgeElements(asked, rule),
};
