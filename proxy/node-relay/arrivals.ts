/** What arrived on a side and is not consumed: one contiguous range, within the block it came in as long as that is cheap. */

import { type Block, smallBytes } from './blocks.ts';
import type { Outbox } from './outbox.ts';

const nothing = Buffer.alloc(0);

/** Smallest buffer of a side's own, bytes: most heads fit and it doubles from there. */
const leastBytes = 1024;

export class Arrivals {
  /** Absent when the bytes lie in a buffer of our own, which may be filled up behind `#end`. */
  #block: Block | undefined;
  #bytes: Buffer = nothing;
  #start = 0;
  #end = 0;
  #view: Buffer | undefined;

  get length(): number {
    return this.#end - this.#start;
  }

  view(): Buffer {
    this.#view ??= this.length === 0 ? nothing : this.#bytes.subarray(this.#start, this.#end);
    return this.#view;
  }

  append(block: Block | undefined, bytes: Buffer, start: number, end: number): void {
    if (start === end) return;
    this.#view = undefined;
    if (this.length > 0) {
      this.#grow(bytes, start, end);
      return;
    }
    block?.hold();
    this.#block = block;
    this.#bytes = bytes;
    this.#start = start;
    this.#end = end;
  }

  /** Takes up to `count` bytes from the front, to `target` if there is one; answers how many there were. */
  take(count: number, target: Outbox | undefined): number {
    const taken = Math.min(count, this.length);
    const from = this.#start;
    target?.add(this.#block, this.#bytes, from, from + taken);
    this.#start = from + taken;
    if (this.length === 0) this.drop();
    else this.#view = undefined;
    return taken;
  }

  /** Few bytes that stay move out of their block, which others wait for. */
  settle(): void {
    if (this.#block !== undefined && this.length <= smallBytes) this.#move(this.length);
  }

  drop(): void {
    this.#block?.release();
    this.#block = undefined;
    this.#bytes = nothing;
    this.#start = 0;
    this.#end = 0;
    this.#view = undefined;
  }

  #grow(bytes: Buffer, start: number, end: number): void {
    const count = end - start;
    if (this.#block !== undefined || this.#end + count > this.#bytes.length) this.#move(2 * (this.length + count));
    bytes.copy(this.#bytes, this.#end, start, end);
    this.#end += count;
  }

  #move(capacity: number): void {
    const bytes = Buffer.allocUnsafeSlow(Math.max(capacity, leastBytes));
    const count = this.#bytes.copy(bytes, 0, this.#start, this.#end);
    this.#block?.release();
    this.#block = undefined;
    this.#bytes = bytes;
    this.#start = 0;
    this.#end = count;
    this.#view = undefined;
  }
}
