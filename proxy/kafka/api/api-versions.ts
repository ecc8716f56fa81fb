/**
 * ApiVersions: everyone may ask. The response is cut down to what we judge, so that a client never picks what would be
 * refused: keys without an enforcement file are taken out, versions are capped. Features (tagged fields) stay: clients
 * choose transactions v2 by them.
 *
 * A broker that does not know the request's version answers in version 0 with error 35 (KIP-511), whatever was asked.
 */

import { limits } from '../../../src/limits.ts';
import { endFrame, startFrame } from '../answer.ts';
import { Cursor } from '../cursor.ts';
import { errorCode } from '../error-code.ts';
import { schema } from '../layout.ts';
import { type Api, type Judgement, malformed, type Request } from '../request.ts';
import { readCount, skip, skipTags } from '../skim.ts';
import { Writer } from '../writer.ts';

const key = 18;
const max = 4;

const request = schema('software_name:string 3+  software_version:string 3+', 3);

const response = schema(
  `
  error:i16
  keys:[ key:i16 min:i16 max:i16 ]
  throttle_time_ms:i32     1+`,
  3,
);

const cursor = new Cursor();

/** The enforcement of ApiVersions; `enforced` are all that we judge, by key. */
export function apiVersions(enforced: ReadonlyMap<number, Api>): Api {
  function judge(asked: Request): Judgement {
    const { version } = asked;
    cursor.over(asked.bytes, asked.body, asked.bytes.length);
    skip(cursor, request.layout(version));
    if (cursor.failed || cursor.left > 0) return malformed('apiversions request');
    return { kind: 'pass', response: { kind: 'rewrite', rewrite: (frame) => intersect(frame, version, enforced) } };
  }
  return { key, name: 'apiversions', min: 0, max, request, response, judge };
}

/** The answer to a version that is not known, which tells the client what it may ask: this API alone, as the broker's. */
export function unknownApiVersions(correlationId: number, known = max): Uint8Array | undefined {
  const writer = startFrame(correlationId, false);
  writer.integer(errorCode.unsupportedVersion, 2);
  writer.count(1, false);
  for (const value of [key, 0, known]) writer.integer(value, 2);
  return endFrame(writer);
}

function intersect(frame: Uint8Array, asked: number, enforced: ReadonlyMap<number, Api>): Uint8Array | undefined {
  const version = cursor.over(frame, 8, frame.length).i16() === errorCode.unsupportedVersion ? 0 : asked;
  const layout = response.layout(version);
  const list = layout.fields[layout.at.get('keys') ?? -1];
  if (list === undefined) return undefined;

  const kept = new Writer(limits.kafkaAnswerBytes);
  let keptCount = 0;
  const start = cursor.offset;
  const count = readCount(cursor, list);
  for (let index = 0; index < count && !cursor.failed; index++) {
    const api = enforced.get(cursor.i16());
    const from = cursor.i16();
    const to = cursor.i16();
    if (list.element.tagged) skipTags(cursor);
    if (api === undefined) continue;
    const lowest = Math.max(from, api.announcedMin ?? api.min);
    const highest = Math.min(to, api.max);
    if (lowest > highest) continue;
    for (const value of [api.key, lowest, highest]) kept.integer(value, 2);
    if (list.element.tagged) kept.uvarint(0);
    keptCount++;
  }
  // librdkafka's mock cluster gives error 35 in the version that it does not know. That it is refused is all there is to say.
  if (cursor.failed && version < asked) return unknownApiVersions(correlationIdOf(frame), 0);
  if (cursor.failed) return undefined;

  const writer = new Writer(frame.length + limits.kafkaAnswerBytes, frame.length);
  writer.copy(frame, 0, start);
  writer.count(keptCount, list.compact);
  const keys = kept.done();
  writer.copy(keys, 0, keys.length);
  writer.copy(frame, cursor.offset, frame.length);
  return endFrame(writer);
}

function correlationIdOf(frame: Uint8Array): number {
  return new DataView(frame.buffer, frame.byteOffset + 4, 4).getInt32(0);
}
