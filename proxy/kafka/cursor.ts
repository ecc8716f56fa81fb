const nothing = new Uint8Array(0);

/**
 * Bounded reader over one message. It never throws and never reads past `end`: the first violation sets `failed`, and
 * from then on everything reads as 0 and takes nothing, so that a reader checks once, at its end.
 *
 * Primitives: https://kafka.apache.org/protocol#protocol_types
 */
export class Cursor {
  bytes: Uint8Array = nothing;
  offset = 0;
  end = 0;
  failed = false;

  /** Reads `bytes` from `offset` up to `end`, both in bytes from its start. */
  over(bytes: Uint8Array, offset: number, end: number): this {
    this.bytes = bytes;
    this.offset = offset;
    this.end = end;
    this.failed = end > bytes.length || offset > end;
    return this;
  }

  /** Bytes that are left; none once it failed. */
  get left(): number {
    return this.failed ? 0 : this.end - this.offset;
  }

  fail(): 0 {
    this.failed = true;
    return 0;
  }

  skip(count: number): void {
    if (count < 0 || count > this.left) this.fail();
    else this.offset += count;
  }

  i8(): number {
    if (this.left < 1) return this.fail();
    return ((this.bytes[this.offset++] ?? 0) << 24) >> 24;
  }

  i16(): number {
    if (this.left < 2) return this.fail();
    const at = this.offset;
    this.offset = at + 2;
    return ((((this.bytes[at] ?? 0) << 8) | (this.bytes[at + 1] ?? 0)) << 16) >> 16;
  }

  i32(): number {
    if (this.left < 4) return this.fail();
    const at = this.offset;
    this.offset = at + 4;
    const { bytes } = this;
    return ((bytes[at] ?? 0) << 24) | ((bytes[at + 1] ?? 0) << 16) | ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0);
  }

  /** UNSIGNED_VARINT: at most 5 bytes and 2³¹−1, as the Java and C clients read it. */
  uvarint(): number {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      if (this.left < 1) return this.fail();
      const byte = this.bytes[this.offset++] ?? 0;
      if (shift === 28 && byte > 0x07) return this.fail();
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    return this.fail();
  }

  /** Length of a (compact) string, in bytes; −1 is null. */
  stringLength(compact: boolean): number {
    return this.#bounded(compact ? this.uvarint() - 1 : this.i16());
  }

  /** Length of (compact) bytes or records; −1 is null. */
  bytesLength(compact: boolean): number {
    return this.#bounded(compact ? this.uvarint() - 1 : this.i32());
  }

  /** Elements of a (compact) array, each of at least `min` bytes; −1 is null. */
  count(compact: boolean, min: number): number {
    const count = compact ? this.uvarint() - 1 : this.i32();
    if (this.failed || count < -1 || count * min > this.left) return this.fail();
    return count;
  }

  #bounded(length: number): number {
    if (this.failed || length < -1 || length > this.left) return this.fail();
    return length;
  }
}
