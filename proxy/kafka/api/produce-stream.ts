/**
 * A Produce that is too large to be held whole, or has one topic only: it is judged part by part as it comes.
 *
 * As long as every topic is granted the bytes pass on; a broker does nothing before it has the whole frame, so what
 * passed can still be taken back by never completing it. At the first denied topic passing stops, the rest is read and
 * thrown away, and the answer says what the broker would say of the denied topics, and of the granted ones that they
 * should be sent again (6, NOT_LEADER_OR_FOLLOWER), which clients do without the denied ones. When part of the frame has
 * already passed, the connection ends after that answer.
 *
 * What the answer needs is kept in `outline`: the same request with null in place of its records.
 */

import { limits } from '../../../src/limits.ts';
import type { Side } from '../../relay.ts';
import { Cursor } from '../cursor.ts';
import { op } from '../operations.ts';
import type { Request, Stream, StreamEnd } from '../request.ts';
import { skipTags } from '../skim.ts';
import { Writer } from '../writer.ts';

/**
 * What becomes of a frame that was read to its end. `outline`: undefined when it grew too large; `denied`: anything in it
 * was; `passed`: part of it is with the broker.
 */
type Finish = (outline: Uint8Array | undefined, denied: boolean, passed: boolean) => StreamEnd;

type Part = 'head' | 'topic' | 'partition' | 'partition-end' | 'topic-end' | 'tail' | 'end';

export class ProduceStream implements Stream {
  readonly #request: Request;
  readonly #compact: boolean;
  readonly #finish: Finish;
  readonly #outline = new Writer(limits.kafkaAnswerBytes);
  readonly #cursor = new Cursor();
  /** Bytes of the frame that are not consumed yet. */
  #left: number;
  #part: Part = 'head';
  #topics = 0;
  #partitions = 0;
  #granted = true;
  #passed = false;

  constructor(request: Request, total: number, compact: boolean, finish: Finish) {
    this.#request = request;
    this.#left = total;
    this.#compact = compact;
    this.#finish = finish;
  }

  step(side: Side): StreamEnd | undefined {
    for (;;) {
      // The last records may still be on their way; nothing in them is judged.
      if (this.#part === 'end' && this.#left === 0) return this.#end();
      if (side.pending > 0) return undefined;
      const arrived = side.arrived();
      const cursor = this.#cursor.over(arrived, 0, Math.min(arrived.length, this.#left));
      const records = this.#read(cursor);
      if (cursor.failed) {
        if (arrived.length < Math.min(this.#left, limits.kafkaPartBytes)) return undefined;
        return { kind: 'close', reason: 'malformed', detail: 'produce request' };
      }
      const count = cursor.offset + records;
      // The frame must not become complete before it is known to be whole.
      if (count > this.#left || (count === this.#left && this.#part !== 'end')) {
        return { kind: 'close', reason: 'malformed', detail: 'produce request' };
      }
      this.#left -= count;
      if (this.#granted) {
        this.#passed = true;
        side.forward(count);
      } else {
        side.skip(count);
      }
    }
  }

  /** Reads one part and moves on to the next; the bytes of records that follow it. */
  #read(cursor: Cursor): number {
    switch (this.#part) {
      case 'head':
        return this.#head(cursor);
      case 'topic':
        return this.#topic(cursor);
      case 'partition':
        return this.#partition(cursor);
      case 'partition-end':
        this.#tags(cursor);
        if (!cursor.failed) this.#afterPartition();
        return 0;
      case 'topic-end':
        this.#tags(cursor);
        if (!cursor.failed) this.#afterTopic();
        return 0;
      case 'tail':
        this.#tags(cursor);
        if (!cursor.failed) this.#part = 'end';
        return 0;
      case 'end':
        return cursor.fail();
    }
  }

  #tags(cursor: Cursor): void {
    skipTags(cursor);
    if (!cursor.failed) this.#outline.uvarint(0);
  }

  #afterPartition(): void {
    this.#partitions--;
    if (this.#partitions > 0) this.#part = 'partition';
    else if (this.#compact) this.#part = 'topic-end';
    else this.#afterTopic();
  }

  #afterTopic(): void {
    this.#topics--;
    if (this.#topics > 0) this.#part = 'topic';
    else this.#part = this.#compact ? 'tail' : 'end';
  }

  /** With the first topic, so that nothing has passed when that is denied. */
  #head(cursor: Cursor): number {
    cursor.skip(this.#request.body);
    const length = cursor.stringLength(this.#compact);
    const id = cursor.offset;
    cursor.skip(Math.max(0, length));
    cursor.skip(6);
    const before = cursor.offset;
    const topics = cursor.count(this.#compact, 0);
    const topic = cursor.offset;
    skipTopic(cursor, this.#compact);
    if (topics < 1) cursor.fail();
    if (cursor.failed) return 0;
    const { access } = this.#request;
    if (length >= 0 && !access.may('transactionalId', cursor.bytes, id, length, op.write)) this.#granted = false;
    this.#topics = topics;
    this.#outline.copy(cursor.bytes, 0, before);
    this.#outline.count(topics, this.#compact);
    cursor.offset = topic;
    return this.#topic(cursor);
  }

  #topic(cursor: Cursor): number {
    const start = cursor.offset;
    const length = cursor.stringLength(this.#compact);
    const name = cursor.offset;
    cursor.offset = start;
    const partitions = skipTopic(cursor, this.#compact);
    if (cursor.failed) return 0;
    if (!this.#request.access.may('topic', cursor.bytes, name, length, op.write)) this.#granted = false;
    this.#partitions = partitions;
    this.#outline.copy(cursor.bytes, start, cursor.offset);
    if (partitions > 0) this.#part = 'partition';
    else if (this.#compact) this.#part = 'topic-end';
    else this.#afterTopic();
    return 0;
  }

  #partition(cursor: Cursor): number {
    cursor.skip(4);
    const index = cursor.offset;
    // The records themselves need not be there.
    const length = this.#compact ? cursor.uvarint() - 1 : cursor.i32();
    if (length < -1) cursor.fail();
    if (cursor.failed) return 0;
    this.#outline.copy(cursor.bytes, index - 4, index);
    this.#outline.count(-1, this.#compact);
    if (this.#compact) this.#part = 'partition-end';
    else this.#afterPartition();
    return Math.max(0, length);
  }

  #end(): StreamEnd {
    const { failed } = this.#outline;
    if (!failed) this.#outline.patch32(0, this.#outline.length - 4);
    return this.#finish(failed ? undefined : this.#outline.done(), !this.#granted, this.#passed);
  }
}

/** A topic's name and the count of its partitions, which is the result. */
function skipTopic(cursor: Cursor, compact: boolean): number {
  const length = cursor.stringLength(compact);
  cursor.skip(length);
  const partitions = cursor.count(compact, 0);
  return partitions < 0 ? cursor.fail() : partitions;
}
