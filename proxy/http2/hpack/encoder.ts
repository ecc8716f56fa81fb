/**
 * HPACK encoder that keeps no state: static-table indices and literals without indexing alone. Its blocks are right
 * whatever the peer's dynamic table holds and leave it as it is, so they may stand between another encoder's blocks.
 */

import type { FieldList } from './field-list.ts';
import { staticIndexOf, staticIndexOfName } from './static-table.ts';

/** A dynamic table size update to 0 (RFC 7541 section 6.3): empties the peer's table. */
export const emptyTable = Buffer.from([0x20]);

/** Octets that no field's encoding exceeds beside its name and value: a type, an index and two lengths. */
const fieldOverhead = 16;

export function encodeFields(fields: FieldList): Buffer {
  let bound = 0;
  for (let at = 0; at < fields.count; at++) {
    bound += (fields.names[at]?.length ?? 0) + (fields.values[at]?.length ?? 0) + fieldOverhead;
  }
  const block = Buffer.allocUnsafe(bound);
  let end = 0;
  for (let at = 0; at < fields.count; at++) {
    end = writeField(block, end, fields.names[at] ?? '', fields.values[at] ?? '', fields.sensitive[at] === 1);
  }
  return block.subarray(0, end);
}

/** A block from pairs, for answers of our own. */
export function encodeBlock(fields: readonly (readonly [name: string, value: string])[]): Buffer {
  return encodeFields({
    count: fields.length,
    names: fields.map(([name]) => name),
    values: fields.map(([, value]) => value),
    sensitive: [],
  });
}

function writeField(block: Buffer, start: number, name: string, value: string, sensitive: boolean): number {
  const whole = sensitive ? 0 : staticIndexOf(name, value);
  if (whole > 0) return writeInteger(block, start, 0x80, 0x7f, whole);
  const named = staticIndexOfName(name);
  let end = writeInteger(block, start, sensitive ? 0x10 : 0, 0x0f, named);
  if (named === 0) end = writeString(block, end, name);
  return writeString(block, end, value);
}

function writeString(block: Buffer, start: number, text: string): number {
  const end = writeInteger(block, start, 0, 0x7f, text.length);
  return end + block.write(text, end, 'latin1');
}

/** Prefixed integer (section 5.1): `pattern` fills the bits above the prefix, `mask` is the prefix with all bits set. */
function writeInteger(block: Buffer, start: number, pattern: number, mask: number, value: number): number {
  if (value < mask) {
    block[start] = pattern | value;
    return start + 1;
  }
  block[start] = pattern | mask;
  let end = start + 1;
  let rest = value - mask;
  while (rest > 0x7f) {
    block[end++] = 0x80 | (rest & 0x7f);
    rest >>>= 7;
  }
  block[end++] = rest;
  return end;
}
