/**
 * OffsetFetch: group DESCRIBE, topic DESCRIBE for each topic. From version 8 on a request asks for several groups; a
 * null list of topics asks for all of them. Nothing is changed by asking, so the request passes and the response is
 * filtered: a denied group keeps only its name and error 30, a denied topic its partitions with error 29; of a list that
 * nobody named, topics that are not granted are left out. Versions up to 9 name their topics; 10 has ids.
 */

import { limits } from '../../../src/limits.ts';
import { endFrame, hasTaggedHeader, writeDefault, writeDenied } from '../answer.ts';
import { Cursor } from '../cursor.ts';
import { errorCode } from '../error-code.ts';
import { type Guard, guarded } from '../guard.ts';
import { type Field, type Layout, schema } from '../layout.ts';
import type { Asked } from '../listing.ts';
import { op } from '../operations.ts';
import { type Api, type Judgement, malformed, type Request } from '../request.ts';
import { Entries, readCount, skipField, skipTags } from '../skim.ts';
import { refuse } from '../well-formed.ts';
import { Writer } from '../writer.ts';

const request = schema(
  `
  group_id:string          0-7
  topics:[ name:string partitions:(index:i32) ]   1
  topics:?[ name:string partitions:(index:i32) ]  2-7
  groups:[
    group_id:string
    member_id:?string      9+
    member_epoch:i32       9+
    topics:?[ name:string partitions:(index:i32) ]
  ]                        8+
  require_stable:bool      7+`,
  6,
);

const response = schema(
  `
  throttle_time_ms:i32     3+
  topics:[
    name:string
    partitions:[ index:i32 offset:i64=-1 leader_epoch:i32=-1 5+ metadata:?string error:i16 ]
  ]                        0-7
  error:i16                2-7
  groups:[
    group_id:string
    topics:[
      name:string
      partitions:[ index:i32 offset:i64=-1 leader_epoch:i32=-1 metadata:?string error:i16 ]
    ]
    error:i16
  ]                        8+`,
  6,
);

/** The response as the broker gave it, of which a denial keeps name and index alone. */
const given = schema(
  `
  throttle_time_ms:i32     3+
  topics:[
    name:string
    partitions:[ index:i32 given_offset:i64 given_epoch:i32 5+ given_metadata:?string given_error:i16 ]
  ]                        0-7
  given_error:i16          2-7
  groups:[
    group_id:string
    topics:[
      name:string
      partitions:[ index:i32 given_offset:i64 given_epoch:i32 given_metadata:?string given_error:i16 ]
    ]
    given_error:i16
  ]                        8+`,
  6,
);

const guards: readonly Guard[] = [
  { field: 'group_id', kind: 'group', operations: op.describe, error: errorCode.groupAuthorizationFailed },
];

const cursor = new Cursor();
const entries = new Entries();
const offsets = new Int32Array(16);

function judge(asked: Request): Judgement {
  const layout = request.layout(asked.version);
  cursor.over(asked.bytes, asked.body, asked.bytes.length);
  const unnamed: boolean[] = [];
  let index = 0;
  for (const field of layout.fields) {
    offsets[index++] = cursor.offset;
    if (field.name === 'topics') unnamed.push(readTopics(asked, field));
    else if (field.name === 'groups') readGroups(asked, field, unnamed);
    else skipField(cursor, field);
  }
  if (layout.tagged) skipTags(cursor);
  if (cursor.failed || cursor.left > 0) return malformed('offsetfetch request');

  const error = guarded(asked, guards, cursor, layout, offsets);
  // Version 1 has no place for the group's error but its partitions, where the filter puts it.
  if (error !== undefined && asked.version >= 2) return refuse(asked, error);
  const { api, version, access } = asked;
  const all = access.all('topic', op.describe) && access.all('group', op.describe);
  if (all && error === undefined) return { kind: 'pass', response: { kind: 'pass' } };
  const rewrite = (frame: Uint8Array) => filter(frame, { api, version, access }, unnamed, error);
  return { kind: 'pass', response: { kind: 'rewrite', rewrite } };
}

/** Notes the denied topics of a list; true when it is null. */
function readTopics({ access, bytes }: Request, field: Field): boolean {
  entries.read(cursor, field, 'name');
  for (let index = 0; index < entries.count && !cursor.failed; index++) {
    access.may('topic', bytes, entries.nameAt(index), entries.nameLength(index), op.describe);
  }
  return entries.isNull;
}

function readGroups(asked: Request, field: Field, unnamed: boolean[]): void {
  const count = readCount(cursor, field);
  if (count > limits.kafkaEntries) cursor.fail();
  for (let group = 0; group < count && !cursor.failed; group++) {
    for (const part of field.element.fields) {
      if (part.name === 'topics') {
        unnamed.push(readTopics(asked, part));
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

function filter(
  frame: Uint8Array,
  asked: Asked,
  unnamed: readonly boolean[],
  groupError: number | undefined,
): Uint8Array | undefined {
  const { api, version } = asked;
  const writer = new Writer(limits.kafkaHeldResponseBytes + limits.kafkaAnswerBytes, frame.length);
  cursor.over(frame, 8, frame.length);
  if (hasTaggedHeader(api, version)) skipTags(cursor);
  writer.copy(frame, 0, cursor.offset);
  const layout = response.layout(version);
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

export const offsetFetch: Api = { key: 9, name: 'offsetfetch', min: 1, max: 9, request, response, judge };
