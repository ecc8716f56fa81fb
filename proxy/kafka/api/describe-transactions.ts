/**
 * DescribeTransactions: transactional id DESCRIBE for each id. Of what it says about one, topics that the client may not
 * DESCRIBE are left out (KafkaApis.handleDescribeTransactionsRequest).
 */

import { limits } from '../../../src/limits.ts';
import type { Access } from '../access.ts';
import { endFrame } from '../answer.ts';
import { Cursor } from '../cursor.ts';
import { judgeElements } from '../elements.ts';
import { errorCode } from '../error-code.ts';
import { type Field, type Layout, schema } from '../layout.ts';
import { op } from '../operations.ts';
import type { Api } from '../request.ts';
import { Entries, readCount, skipField, skipTags } from '../skim.ts';
import { Writer } from '../writer.ts';

const response = schema(
  `
  throttle_time_ms:i32
  states:[
    error:i16
    transactional_id:string
    state:string
    timeout_ms:i32
    start_time_ms:i64
    producer_id:i64
    producer_epoch:i16
    topics:[ topic:string partitions:(index:i32) ]
  ]`,
  0,
);

const cursor = new Cursor();
const topics = new Entries();

/** Always flexible, so its header has tags. */
function withoutHidden(frame: Uint8Array, access: Access): Uint8Array | undefined {
  const writer = new Writer(limits.kafkaHeldResponseBytes, frame.length);
  cursor.over(frame, 8, frame.length);
  skipTags(cursor);
  const layout = response.layout(0);
  for (const field of layout.fields) {
    if (field.name !== 'states') {
      skipField(cursor, field);
      continue;
    }
    const count = readCount(cursor, field);
    writer.copy(frame, 0, cursor.offset);
    for (let index = 0; index < count && !cursor.failed; index++) copyState(writer, field.element, access);
  }
  const end = cursor.offset;
  skipTags(cursor);
  if (cursor.failed || cursor.left > 0) return undefined;
  writer.copy(frame, end, frame.length);
  return endFrame(writer);
}

function copyState(writer: Writer, state: Layout, access: Access): void {
  let start = cursor.offset;
  for (const field of state.fields) {
    if (field.name === 'topics') {
      writer.copy(cursor.bytes, start, cursor.offset);
      copyVisible(writer, field, access);
      start = cursor.offset;
    } else {
      skipField(cursor, field);
    }
  }
  skipTags(cursor);
  writer.copy(cursor.bytes, start, cursor.offset);
}

function copyVisible(writer: Writer, list: Field, access: Access): void {
  topics.read(cursor, list, 'topic');
  const seen: number[] = [];
  for (let index = 0; index < topics.count && !cursor.failed; index++) {
    if (access.sees('topic', cursor.bytes, topics.nameAt(index), topics.nameLength(index), op.describe))
      seen.push(index);
  }
  writer.count(seen.length, list.compact);
  for (const index of seen) writer.copy(cursor.bytes, topics.from(index), topics.to(index));
}

export const describeTransactions: Api = {
  key: 65,
  name: 'describetransactions',
  min: 0,
  max: 0,
  request: schema('transactional_ids:(transactional_id:string)', 0),
  response,
  judge: (asked) => {
    const { access } = asked;
    return judgeElements(asked, {
      asked: 'transactional_ids',
      answered: 'states',
      name: 'transactional_id',
      kind: 'transactionalId',
      operations: op.describe,
      error: errorCode.transactionalIdAuthorizationFailed,
      ...(access.all('topic', op.describe) ? {} : { filter: (frame) => withoutHidden(frame, access) }),
    });
  },
};
