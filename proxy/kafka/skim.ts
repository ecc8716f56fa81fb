/**
 * Walks a message by its layout: skips what nobody asked for and notes where the wanted parts stand. Nothing is
 * decoded and nothing is allocated for an element. Depth is bounded by the grammar, time by the message's length,
 * since every element takes at least one byte.
 */

import { limits } from '../../src/limits.ts';
import type { Cursor } from './cursor.ts';
import type { Field, Layout } from './layout.ts';

/**
 * Tagged fields (KIP-482): count, then each its tag, its size and that many bytes; tags strictly rise.
 * The count is bounded: CVE-2026-111115 is a broker that allocates for each.
 */
export function skipTags(cursor: Cursor): void {
  const count = cursor.uvarint();
  if (count > limits.kafkaTaggedFields) cursor.fail();
  let previous = -1;
  for (let index = 0; index < count && !cursor.failed; index++) {
    const tag = cursor.uvarint();
    if (tag <= previous) cursor.fail();
    previous = tag;
    cursor.skip(cursor.uvarint());
  }
}

/** Count of an array field; null counts as −1 where the field may be null, and fails where not. */
export function readCount(cursor: Cursor, field: Field): number {
  const count = cursor.count(field.compact, field.element.min);
  return count < 0 && !field.nullable ? cursor.fail() : count;
}

export function skipField(cursor: Cursor, field: Field): void {
  switch (field.kind) {
    case 'fixed':
      cursor.skip(field.size);
      return;
    case 'string': {
      const length = cursor.stringLength(field.compact);
      if (length >= 0) cursor.skip(length);
      else if (!field.nullable) cursor.fail();
      return;
    }
    case 'bytes': {
      const length = cursor.bytesLength(field.compact);
      if (length >= 0) cursor.skip(length);
      else if (!field.nullable) cursor.fail();
      return;
    }
    case 'array': {
      const count = readCount(cursor, field);
      if (field.element.size >= 0) {
        if (count > 0) cursor.skip(count * field.element.size);
        return;
      }
      for (let index = 0; index < count && !cursor.failed; index++) skip(cursor, field.element);
      return;
    }
    case 'struct':
      // A structure that may be null starts with −1 (null) or 1.
      if (field.nullable && cursor.i8() < 0) return;
      skip(cursor, field.element);
  }
}

export function skip(cursor: Cursor, layout: Layout): void {
  for (const field of layout.fields) skipField(cursor, field);
  if (layout.tagged) skipTags(cursor);
}

/** As `skip`, and shows each string, with its place and its length (−1: null), to `see`. */
export function walkStrings(
  cursor: Cursor,
  layout: Layout,
  see: (field: Field, start: number, length: number) => void,
): void {
  for (const field of layout.fields) {
    if (field.kind === 'string') {
      const length = cursor.stringLength(field.compact);
      if (length < 0 && !field.nullable) cursor.fail();
      if (!cursor.failed) see(field, cursor.offset, length);
      cursor.skip(Math.max(0, length));
    } else if (field.kind === 'struct') {
      if (!field.nullable || cursor.i8() >= 0) walkStrings(cursor, field.element, see);
    } else if (field.kind === 'array' && field.element.size < 0) {
      const count = readCount(cursor, field);
      for (let index = 0; index < count && !cursor.failed; index++) walkStrings(cursor, field.element, see);
    } else {
      skipField(cursor, field);
    }
  }
  if (layout.tagged) skipTags(cursor);
}

/** As `skip`, and notes in `offsets` where each field starts. */
export function locate(cursor: Cursor, layout: Layout, offsets: Int32Array): void {
  let index = 0;
  for (const field of layout.fields) {
    offsets[index++] = cursor.offset;
    skipField(cursor, field);
  }
  if (layout.tagged) skipTags(cursor);
}

/** Where the elements of one array stand, each with its name; grows as needed and is used again. */
export class Entries {
  #at = new Int32Array(4 * 64);
  count = 0;
  /** Offset of the array's count and of what follows the array. */
  start = 0;
  end = 0;
  isNull = false;

  /** Reads the array that `field` describes; `name` is the field of an element that names its resource. */
  read(cursor: Cursor, field: Field, name: string): void {
    this.start = cursor.offset;
    this.count = 0;
    const { element } = field;
    const named = element.at.get(name) ?? -1;
    const count = readCount(cursor, field);
    this.isNull = count < 0;
    if (count > limits.kafkaEntries) cursor.fail();
    for (let index = 0; index < count && !cursor.failed; index++) this.#element(cursor, element, named);
    this.end = cursor.offset;
  }

  #element(cursor: Cursor, element: Layout, named: number): void {
    const base = 4 * this.count++;
    if (base === this.#at.length) {
      const grown = new Int32Array(2 * base);
      grown.set(this.#at);
      this.#at = grown;
    }
    this.#at[base] = cursor.offset;
    let index = 0;
    for (const field of element.fields) {
      const isName = index++ === named;
      if (isName && field.kind === 'fixed') {
        this.#at[base + 2] = cursor.offset;
        this.#at[base + 3] = field.size;
        cursor.skip(field.size);
      } else if (isName) {
        const length = cursor.stringLength(field.compact);
        this.#at[base + 2] = cursor.offset;
        this.#at[base + 3] = length;
        if (length >= 0) cursor.skip(length);
        else if (!field.nullable) cursor.fail();
      } else {
        skipField(cursor, field);
      }
    }
    if (element.tagged) skipTags(cursor);
    this.#at[base + 1] = cursor.offset;
  }

  from(index: number): number {
    return this.#at[4 * index] ?? 0;
  }

  to(index: number): number {
    return this.#at[4 * index + 1] ?? 0;
  }

  nameAt(index: number): number {
    return this.#at[4 * index + 2] ?? 0;
  }

  /** Bytes of the name; −1: null. */
  nameLength(index: number): number {
    return this.#at[4 * index + 3] ?? 0;
  }
}
