/**
 * Metadata up to version 3 has no `allow_auto_topic_creation`: asking creates. Such a request goes to the broker as
 * version 4, whose fields are the same but for that one, and its response comes back without what version 4 has more.
 * In version 0 an empty list stands for all topics; later that is null.
 */

import { endFrame } from '../answer.ts';
import { Cursor } from '../cursor.ts';
import type { Layout, Schema } from '../layout.ts';
import type { Request } from '../request.ts';
import { readCount, skipField } from '../skim.ts';
import { Writer } from '../writer.ts';

/** The version that stands in for the older ones. */
export const standIn = 4;

/** The same request in version 4; undefined: it is too large. `all`: for all topics. */
export function raise({ bytes, version }: Request, all: boolean, mayCreate: boolean): Uint8Array | undefined {
  const writer = new Writer(bytes.length + 1, bytes.length + 1);
  writer.copy(bytes, 0, 6);
  writer.integer(standIn, 2);
  if (version === 0 && all) {
    writer.copy(bytes, 8, bytes.length - 4);
    writer.integer(-1, 4);
  } else {
    writer.copy(bytes, 8, bytes.length);
  }
  writer.integer(mayCreate ? 1 : 0, 1);
  return endFrame(writer);
}

/** A response of version 4 as `version` has it. */
export function lower(frame: Uint8Array, response: Schema, version: number): Uint8Array | undefined {
  const writer = new Writer(frame.length, frame.length);
  const cursor = new Cursor().over(frame, 8, frame.length);
  writer.copy(frame, 0, 8);
  copyKnown(cursor, writer, response.layout(standIn), response.layout(version));
  return cursor.failed || cursor.left > 0 ? undefined : endFrame(writer);
}

function copyKnown(cursor: Cursor, writer: Writer, given: Layout, wanted: Layout): void {
  for (const field of given.fields) {
    const start = cursor.offset;
    const known = wanted.fields[wanted.at.get(field.name) ?? -1];
    if (known === undefined) {
      skipField(cursor, field);
    } else if (field.kind === 'array' && field.element.fields.length > known.element.fields.length) {
      const count = readCount(cursor, field);
      writer.copy(cursor.bytes, start, cursor.offset);
      for (let index = 0; index < count && !cursor.failed; index++) {
        copyKnown(cursor, writer, field.element, known.element);
      }
    } else {
      skipField(cursor, field);
      writer.copy(cursor.bytes, start, cursor.offset);
    }
  }
}
