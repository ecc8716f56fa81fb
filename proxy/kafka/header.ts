/**
 * Request header (https://kafka.apache.org/protocol#protocol_messages): size i32, api key i16, api version i16,
 * correlation id i32, client id nullable string with a two-byte length in every version, and tagged fields in header v2,
 * which goes with flexible versions. A key tells where its flexible versions start, so the key is read first.
 */

import { limits } from '../../src/limits.ts';
import { Cursor } from './cursor.ts';
import { skipTags } from './skim.ts';

/** Size, key, version and correlation id. */
export const fixedHeaderBytes = 12;

export interface Header {
  readonly clientId: string;
  /** Offset of the body from the frame's start. */
  readonly body: number;
}

const cursor = new Cursor();

/** Reads what follows the fixed part; `incomplete`: more bytes of the frame are needed. */
export function readHeader(bytes: Uint8Array, total: number, tagged: boolean): Header | 'incomplete' | 'malformed' {
  const end = Math.min(bytes.length, total);
  cursor.over(bytes, fixedHeaderBytes, end);
  const length = cursor.stringLength(false);
  const start = cursor.offset;
  if (length > 0) cursor.skip(length);
  if (tagged) skipTags(cursor);
  if (cursor.failed) return end < total && end < limits.kafkaHeaderBytes ? 'incomplete' : 'malformed';
  const clientId = length <= 0 ? '' : Buffer.from(bytes.buffer, bytes.byteOffset + start, length).toString('utf8');
  return { clientId, body: cursor.offset };
}
