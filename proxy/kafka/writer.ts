/**
 * Bounded writer for the few messages that we make ourselves: answers, and requests with parts taken out.
 * Past its bound it only sets `failed`.
 */
export class Writer {
  #bytes: Uint8Array;
  #length = 0;
  readonly #bound: number;
  failed = false;

  constructor(bound: number, initial = 256) {
    this.#bound = bound;
    this.#bytes = new Uint8Array(Math.min(bound, initial));
  }

  get length(): number {
    return this.#length;
  }

  #reserve(count: number): boolean {
    const needed = this.#length + count;
    if (this.failed || needed > this.#bound) {
      this.failed = true;
      return false;
    }
    if (needed > this.#bytes.length) {
      const grown = new Uint8Array(Math.min(this.#bound, Math.max(needed, this.#bytes.length * 2)));
      grown.set(this.#bytes.subarray(0, this.#length));
      this.#bytes = grown;
    }
    return true;
  }

  /** A signed or unsigned integer of `size` bytes (1 to 8), big endian; above 4 bytes only its sign is extended. */
  integer(value: number, size: number): void {
    if (!this.#reserve(size)) return;
    const sign = value < 0 ? 0xff : 0;
    for (let index = 0; index < size; index++) {
      const shift = 8 * (size - 1 - index);
      this.#bytes[this.#length++] = shift >= 32 ? sign : value >>> shift;
    }
  }

  uvarint(value: number): void {
    if (!this.#reserve(5)) return;
    let rest = value;
    while (rest > 0x7f) {
      this.#bytes[this.#length++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    this.#bytes[this.#length++] = rest;
  }

  /** A copy of `bytes[start, end)`. */
  copy(bytes: Uint8Array, start: number, end: number): void {
    if (!this.#reserve(end - start)) return;
    this.#bytes.set(bytes.subarray(start, end), this.#length);
    this.#length += end - start;
  }

  /** ASCII text as a (compact) string. */
  string(text: string, compact: boolean): void {
    if (compact) this.uvarint(text.length + 1);
    else this.integer(text.length, 2);
    for (let index = 0; index < text.length; index++) this.integer(text.charCodeAt(index), 1);
  }

  /** Count of an array, −1 for null. */
  count(count: number, compact: boolean): void {
    if (compact) this.uvarint(count + 1);
    else this.integer(count, 4);
  }

  /** Overwrites four bytes that were written before. */
  patch32(offset: number, value: number): void {
    for (let index = 0; index < 4; index++) this.#bytes[offset + index] = value >>> (24 - 8 * index);
  }

  /** What was written; the writer is used up. */
  done(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }
}
