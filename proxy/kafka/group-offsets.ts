/**
 * What a group has committed, as OffsetFetch and DescribeShareGroupOffsets list it: groups, in them topics, in them
 * partitions. Nothing is changed by asking, so the request passes and the response is filtered: a denied group keeps only
 * its name and error 30, a denied topic its partitions with error 29; of a list that nobody named, topics that are not
 * granted are left out.
 */

import { limits } from '../../src/limits.ts';
import { endFrame, hasTaggedHeader, writeDefault, writeDenied } from './answer.ts';
import { Cursor } from './cursor.ts';
import { errorCode } from './error-code.ts';
import type { Field, Layout, Schema } from './layout.ts';
import type { Asked } from './listing.ts';
import { op } from './operations.ts';
import type { Request } from './request.ts';
import { Entries, readCount, skipField, skipTags } from './skim.ts';
import { Writer } from './writer.ts';

const cursor = new Cursor();
const entries = new Entries();

/** Notes the denied topics of a list; true when it is null. */
export function readTopics(cursor: Cursor, { access, bytes }: Request, field: Field): boolean {
  entries.read(cursor, field, 'name');
  for (let index = 0; index < entries.count && !cursor.failed; index++) {
    access.may('topic', bytes, entries.nameAt(index), entries.nameLength(index), op.describe);
  }
  return entries.isNull;
}

/** The same for every group of a list, which is noted too when it is denied. */
export function readGroups(cursor: Cursor, asked: Request, field: Field, unnamed: boolean[]): void {
  const count = readCount(cursor, field);
  if (count > limits.kafkaEntries) cursor.fail();
  for (let group = 0; group < count && !cursor.failed; group++) {
    for (const part of field.element.fields) {
      if (part.name === 'topics') {
        unnamed.push(readTopics(cursor, asked, part));
      } else if (part.name === 'group_id') {
        const length = cursor.stringLength(part.compact);
        if (!cursor.failed) asked.access.may('group', asked.bytes, cursor.offset, length, op.describe);
        cursor.skip(Math.max(0, length));
      } else {
        skipField(cursor, part);
      }
    }
    if (field.element.tagged) skipTags(cursor);
  }
}

/**
 * The response without what is not granted; undefined: it is not what the protocol says, or too large.
 * @param given - the response's grammar, in which what a denial must not keep has other names.
 * @param unnamed - of each list of topics in the request, whether it was null.
 * @param groupError - of the one group, in versions whose response has no place for it but the partitions.
 */
export function filterOffsets(
  frame: Uint8Array,
  asked: Asked,
  given: Schema,
  unnamed: readonly boolean[],
  groupError: number | undefined,
): Uint8Array | undefined {
  const { api, version } = asked;
  const writer = new Writer(limits.kafkaHeldResponseBytes + limits.kafkaAnswerBytes, frame.length);
  cursor.over(frame, 8, frame.length);
  if (hasTaggedHeader(api, version)) skipTags(cursor);
  writer.copy(frame, 0, cursor.offset);
  const layout = api.response.layout(version);
  const givenLayout = given.layout(version);
  layout.fields.forEach((field, index) => {
    const there = givenLayout.fields[index];
    if (there === undefined) return;
    if (field.name === 'topics') copyTopics(writer, frame, asked, field, there, unnamed[0] === true, groupError);
    else if (field.name === 'groups') copyGroups(writer, frame, asked, field, there, unnamed);
    else copyField(writer, frame, field);
  });
  const rest = cursor.offset;
  if (layout.tagged) skipTags(cursor);
  if (cursor.failed || cursor.left > 0) return undefined;
  writer.copy(frame, rest, frame.length);
  return endFrame(writer);
}

function copyField(writer: Writer, frame: Uint8Array, field: Field): void {
  const start = cursor.offset;
  skipField(cursor, field);
  writer.copy(frame, start, cursor.offset);
}

function copyTopics(
  writer: Writer,
  frame: Uint8Array,
  asked: Asked,
  field: Field,
  there: Field,
  omit: boolean,
  groupError: number | undefined,
): void {
  entries.read(cursor, field, 'name');
  if (cursor.failed) return;
  const error = groupError ?? errorCode.topicAuthorizationFailed;
  const kept = (index: number): boolean =>
    groupError === undefined &&
    asked.access.sees('topic', frame, entries.nameAt(index), entries.nameLength(index), op.describe);
  let count = 0;
  for (let index = 0; index < entries.count; index++) if (!omit || kept(index)) count++;
  writer.count(count, field.compact);
  for (let index = 0; index < entries.count; index++) {
    if (kept(index)) writer.copy(frame, entries.from(index), entries.to(index));
    else if (!omit) writeDenied(writer, field.element, frame, entries.from(index), there.element, error);
  }
}

/** Groups come back in the order in which they were asked for. */
function copyGroups(
  writer: Writer,
  frame: Uint8Array,
  asked: Asked,
  field: Field,
  there: Field,
  unnamed: readonly boolean[],
): void {
  const count = readCount(cursor, field);
  writer.count(count, field.compact);
  for (let group = 0; group < count && !cursor.failed; group++) {
    const start = cursor.offset;
    const length = cursor.stringLength(field.compact);
    const granted = asked.access.sees('group', frame, cursor.offset, length, op.describe);
    cursor.offset = start;
    if (granted) copyGroup(writer, frame, asked, field.element, there.element, unnamed[group] === true);
    else denyGroup(writer, frame, field.element);
    const tags = cursor.offset;
    if (field.element.tagged) skipTags(cursor);
    writer.copy(frame, tags, cursor.offset);
  }
}

function copyGroup(
  writer: Writer,
  frame: Uint8Array,
  asked: Asked,
  layout: Layout,
  there: Layout,
  omit: boolean,
): void {
  layout.fields.forEach((part, index) => {
    const given = there.fields[index];
    if (given !== undefined && part.name === 'topics') {
      copyTopics(writer, frame, asked, part, given, omit, undefined);
    } else {
      copyField(writer, frame, part);
    }
  });
}

function denyGroup(writer: Writer, frame: Uint8Array, layout: Layout): void {
  for (const part of layout.fields) {
    if (part.name === 'group_id') {
      copyField(writer, frame, part);
      continue;
    }
    skipField(cursor, part);
    if (part.name === 'error') writer.integer(errorCode.groupAuthorizationFailed, 2);
    else writeDefault(writer, part);
  }
}
