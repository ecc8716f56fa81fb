/**
 * Answers in the broker's stead. A response's grammar says what it carries: `error` the code, `denial` the words that
 * Kafka has for it, a field that the request has under the same name what it has there, all else the grammar's default.
 */

import { limits } from '../../src/limits.ts';
import { Cursor } from './cursor.ts';
import { wordsFor } from './error-code.ts';
import type { Field, Layout } from './layout.ts';
import type { Api, Request } from './request.ts';
import { readCount, skipField, skipTags } from './skim.ts';
import { Writer } from './writer.ts';

/** Starts a response frame: size (still 0), correlation id, and header v1's empty tags where the version has them. */
export function startFrame(correlationId: number, taggedHeader: boolean): Writer {
  const writer = new Writer(limits.kafkaAnswerBytes);
  writer.integer(0, 4);
  writer.integer(correlationId, 4);
  if (taggedHeader) writer.uvarint(0);
  return writer;
}

/** Completes a frame; undefined: it grew beyond the limit. */
export function endFrame(writer: Writer): Uint8Array | undefined {
  if (writer.failed) return undefined;
  writer.patch32(0, writer.length - 4);
  return writer.done();
}

/** The response of `request` in which every field but `write`'s has its default, and `error` is `error`. */
export function respond(
  request: Request,
  error: number,
  write?: (writer: Writer, field: Field) => boolean,
): Uint8Array | undefined {
  const { api, version } = request;
  const writer = startFrame(request.correlationId, hasTaggedHeader(api, version));
  const layout = api.response.layout(version);
  for (const field of layout.fields) {
    if (write?.(writer, field) === true) continue;
    if (!writeError(writer, field, error, wordsFor(error))) writeDefault(writer, field);
  }
  if (layout.tagged) writer.uvarint(0);
  return endFrame(writer);
}

/** ApiVersions alone answers with header v0 always, so that a client can read it before it knows anything (KIP-511). */
export function hasTaggedHeader(api: Api, version: number): boolean {
  return version >= api.response.flexible && api.key !== 18;
}

export function writeDefault(writer: Writer, field: Field): void {
  const empty = field.nullable && field.fill < 0 ? -1 : 0;
  switch (field.kind) {
    case 'fixed':
      writer.integer(field.fill, field.size);
      return;
    case 'string':
      if (field.compact) writer.uvarint(empty + 1);
      else writer.integer(empty, 2);
      return;
    case 'bytes':
    case 'array':
      writer.count(empty, field.compact);
      return;
    case 'struct':
      if (field.nullable) writer.integer(empty < 0 ? -1 : 1, 1);
      if (empty === 0) writeDefaults(writer, field.element);
  }
}

function writeDefaults(writer: Writer, layout: Layout): void {
  for (const field of layout.fields) writeDefault(writer, field);
  if (layout.tagged) writer.uvarint(0);
}

function writeError(writer: Writer, field: Field, error: number, denial: string): boolean {
  if (field.name === 'error') writer.integer(error, field.size);
  else if (field.name === 'denial' && error !== 0) writer.string(denial, field.compact);
  else return false;
  return true;
}

/** Writes the response's element that denies with `error`, and the words `denial`, the request's element at `start`. */
export function writeDenied(
  writer: Writer,
  response: Layout,
  bytes: Uint8Array,
  start: number,
  asked: Layout,
  error: number,
  denial = wordsFor(error),
): void {
  denyElement(writer, response, new Cursor().over(bytes, start, bytes.length), asked, error, denial);
}

function denyElement(
  writer: Writer,
  response: Layout,
  cursor: Cursor,
  asked: Layout,
  error: number,
  denial: string,
): void {
  const offsets: number[] = [];
  for (const field of asked.fields) {
    offsets.push(cursor.offset);
    skipField(cursor, field);
  }
  offsets.push(cursor.offset);
  if (asked.tagged) skipTags(cursor);
  for (const field of response.fields) {
    const index = asked.at.get(field.name);
    const source = index === undefined ? undefined : asked.fields[index];
    if (writeError(writer, field, error, denial)) continue;
    if (index === undefined || source === undefined) writeDefault(writer, field);
    else if (field.kind === 'array') denyElements(writer, field, cursor, source, offsets[index] ?? 0, error, denial);
    else writer.copy(cursor.bytes, offsets[index] ?? 0, offsets[index + 1] ?? 0);
  }
  if (response.tagged) writer.uvarint(0);
}

function denyElements(
  writer: Writer,
  response: Field,
  parent: Cursor,
  asked: Field,
  start: number,
  error: number,
  denial: string,
): void {
  const cursor = new Cursor().over(parent.bytes, start, parent.end);
  const count = Math.max(0, readCount(cursor, asked));
  writer.count(count, response.compact);
  for (let index = 0; index < count && !writer.failed; index++) {
    denyElement(writer, response.element, cursor, asked.element, error, denial);
  }
}
