/**
 * HPACK decoder (RFC 7541), bounded in what it keeps and in what one block may grow to.
 *
 * One decoder mirrors one direction of one connection. After an error its table is no longer the peer's: the connection
 * has to end.
 */

import { DynamicTable, entryOverhead } from './dynamic-table.ts';
import type { FieldList } from './field-list.ts';
import { decodeHuffman } from './huffman.ts';
import { staticLength, staticNames, staticValues } from './static-table.ts';

/** `malformed`: COMPRESSION_ERROR; `limit`: the block is well-formed so far, and too large. */
export type HpackError = 'malformed' | 'limit';

export interface HpackLimits {
  /** Octets of names and values plus 32 a field, as in SETTINGS_MAX_HEADER_LIST_SIZE. */
  readonly listBytes: number;
  readonly fields: number;
}

/** A decoder's table, for another decoder to go on with. */
export interface HpackTable {
  /** The largest that its reader ever allowed, and what its writer chose, octets. */
  readonly allowed: number;
  readonly capacity: number;
  /** Names and values, oldest first. */
  readonly entries: readonly (readonly [name: string, value: string])[];
}

/** No integer of a sane block needs more: a length or index below 2^28. */
const maxIntegerShift = 21;

/** Longest block that is known again, octets: a call's without metadata has some 50. */
const rememberedBytes = 256;

/** Where strings are unpacked; decoding is synchronous, so all connections share it. */
let scratch: Buffer = Buffer.alloc(0);

export class HpackDecoder implements FieldList {
  count = 0;
  readonly names: string[] = [];
  readonly values: string[] = [];
  readonly sensitive: number[] = [];
  readonly #limits: HpackLimits;
  readonly #table = new DynamicTable();
  #maxCapacity = 4096;
  #block: Buffer = Buffer.alloc(0);
  #at = 0;
  #end = 0;
  #bytes = 0;
  #error: HpackError | undefined;
  /** The last block, if decoding it left the table as it was: the same octets then mean the same fields. */
  readonly #last = Buffer.allocUnsafe(rememberedBytes);
  #lastLength = 0;
  #changed = false;
  /** The fields are those of the call before. */
  repeated = false;

  /** @param table of a decoder that another one was before this */
  constructor(limits: HpackLimits, table?: HpackTable) {
    this.#limits = limits;
    if (table) this.#restore(table);
    if (scratch.length < limits.listBytes * 2) scratch = Buffer.allocUnsafe(limits.listBytes * 2);
  }

  /**
   * The other end of this direction allows this table size from now on. Kept is the largest ever allowed, because the
   * sender may go on with an old value until it has seen the new one.
   */
  allowCapacity(bytes: number): void {
    if (bytes > this.#maxCapacity) this.#maxCapacity = bytes;
  }

  get table(): HpackTable {
    return { allowed: this.#maxCapacity, capacity: this.#table.capacity, entries: this.#table.entries() };
  }

  get tableBytes(): number {
    return this.#table.bytes;
  }

  /** Decodes `block[start, end)`, a complete header block; the fields are in this object until the next call. */
  decode(block: Buffer, start: number, end: number): HpackError | undefined {
    this.repeated = this.#isLast(block, start, end);
    if (this.repeated) return undefined;
    this.#changed = false;
    const error = this.#decode(block, start, end);
    const known = error === undefined && !this.#changed && end - start <= rememberedBytes;
    this.#lastLength = known ? block.copy(this.#last, 0, start, end) : 0;
    return error;
  }

  #restore({ allowed, capacity, entries }: HpackTable): void {
    this.#maxCapacity = allowed;
    this.#table.resize(capacity);
    for (const [name, value] of entries) this.#table.insert(name, value);
  }

  #isLast(block: Buffer, start: number, end: number): boolean {
    const length = end - start;
    if (length === 0 || length !== this.#lastLength) return false;
    for (let at = 0; at < length; at++) if (block[start + at] !== this.#last[at]) return false;
    return true;
  }

  #decode(block: Buffer, start: number, end: number): HpackError | undefined {
    this.#block = block;
    this.#at = start;
    this.#end = end;
    this.#bytes = 0;
    this.#error = undefined;
    this.count = 0;
    let mayResize = true;
    while (this.#at < this.#end && this.#error === undefined) {
      const first = block[this.#at] ?? 0;
      if ((first & 0xe0) === 0x20) {
        if (!mayResize) return 'malformed';
        this.#resize();
        continue;
      }
      mayResize = false;
      if ((first & 0x80) !== 0) this.#indexed(first);
      else if ((first & 0x40) !== 0) this.#literal(0x3f, true, 0);
      else this.#literal(0x0f, false, (first & 0x10) >> 4);
    }
    return this.#error;
  }

  #resize(): void {
    this.#changed = true;
    const capacity = this.#integer(0x1f);
    if (capacity > this.#maxCapacity) this.#error = 'malformed';
    else if (this.#error === undefined) this.#table.resize(capacity);
  }

  #indexed(first: number): void {
    const small = first & 0x7f;
    let index = small;
    if (small === 0x7f) index = this.#integer(0x7f);
    else this.#at += 1;
    if (index > 0 && index <= staticLength) this.#push(staticNames[index] ?? '', staticValues[index] ?? '', 0);
    else if (this.#inTable(index)) {
      this.#push(this.#table.name(index - staticLength), this.#table.value(index - staticLength), 0);
    }
  }

  #literal(mask: number, insert: boolean, sensitive: number): void {
    const index = this.#integer(mask);
    if (this.#error !== undefined) return;
    let name: string;
    if (index === 0) name = this.#string();
    else if (index <= staticLength) name = staticNames[index] ?? '';
    else if (this.#inTable(index)) name = this.#table.name(index - staticLength);
    else return;
    if (this.#error !== undefined) return;
    const value = this.#string();
    if (this.#error !== undefined) return;
    if (insert) {
      this.#changed = true;
      this.#table.insert(name, value);
    }
    this.#push(name, value, sensitive);
  }

  #inTable(index: number): boolean {
    if (index > staticLength && index <= staticLength + this.#table.length) return true;
    this.#error = 'malformed';
    return false;
  }

  #push(name: string, value: string, sensitive: number): void {
    this.#bytes += name.length + value.length + entryOverhead;
    if (this.#bytes > this.#limits.listBytes || this.count === this.#limits.fields) {
      this.#error = 'limit';
      return;
    }
    this.names[this.count] = name;
    this.values[this.count] = value;
    this.sensitive[this.count] = sensitive;
    this.count += 1;
  }

  /** Prefixed integer (section 5.1); `mask` is the prefix with all bits set. */
  #integer(mask: number): number {
    let value = (this.#block[this.#at++] ?? 0) & mask;
    if (value < mask) return value;
    for (let shift = 0; shift <= maxIntegerShift; shift += 7) {
      if (this.#at >= this.#end) break;
      const byte = this.#block[this.#at++] ?? 0;
      value += (byte & 0x7f) << shift;
      if ((byte & 0x80) === 0) return value;
    }
    this.#error = 'malformed';
    return 0;
  }

  #string(): string {
    if (this.#at >= this.#end) {
      this.#error = 'malformed';
      return '';
    }
    const huffman = ((this.#block[this.#at] ?? 0) & 0x80) !== 0;
    const length = this.#integer(0x7f);
    const start = this.#at;
    if (this.#error !== undefined || length > this.#end - start) {
      this.#error = 'malformed';
      return '';
    }
    this.#at += length;
    if (length > this.#limits.listBytes) {
      this.#error = 'limit';
      return '';
    }
    if (!huffman) return this.#block.toString('latin1', start, start + length);
    const decoded = decodeHuffman(this.#block, start, start + length, scratch);
    if (decoded < 0) {
      this.#error = 'malformed';
      return '';
    }
    return scratch.toString('latin1', 0, decoded);
  }
}
