/**
 * Metadata up to version 3 has no `allow_auto_topic_creation`: asking creates. Such a request goes to the broker as
 * version 4, whose fields are the same but for that one, and its response comes back without what version 4 has more.
 */

import { endFrame } from '../answer.ts';
import { Cursor } from '../cursor.ts';
import type { Schema } from '../layout.ts';
import type { Request } from '../request.ts';
import { skipField } from '../skim.ts';
import { Writer } from '../writer.ts';

/** The version that stands in for the older ones. */
export const standIn = 4;

/** The same request in version 4; undefined: it is too large. */
export function raise({ bytes }: Request, mayCreate: boolean): Uint8Array | undefined {
  const writer = new Writer(bytes.length + 1, bytes.length + 1);
  writer.copy(bytes, 0, 6);
  writer.integer(standIn, 2);
  writer.copy(bytes, 8, bytes.length);
  writer.integer(mayCreate ? 1 : 0, 1);
  return endFrame(writer);
}

/** A response of version 4 as `version` has it. */
export function lower(frame: Uint8Array, response: Schema, version: number): Uint8Array | undefined {
  const wanted = response.layout(version);
  const writer = new Writer(frame.length, frame.length);
  const cursor = new Cursor().over(frame, 8, frame.length);
  writer.copy(frame, 0, 8);
  for (const field of response.layout(standIn).fields) {
    const start = cursor.offset;
    skipField(cursor, field);
    if (wanted.at.has(field.name)) writer.copy(frame, start, cursor.offset);
  }
  return cursor.failed || cursor.left > 0 ? undefined : endFrame(writer);
}
