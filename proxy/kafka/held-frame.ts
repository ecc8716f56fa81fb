/**
 * One frame that is larger than what a relay keeps, put together here. The memory of all of them in a worker is bounded
 * together.
 */

import { limits } from '../../src/limits.ts';
import type { Side } from '../relay.ts';

let heldBytes = 0;

export class HeldFrame {
  readonly #bytes: Uint8Array;
  #filled = 0;
  /** Bytes that count towards the worker's bound: those that came, so that a size alone takes nothing from others. */
  #counted = 0;

  private constructor(total: number) {
    this.#bytes = new Uint8Array(total);
  }

  /** Undefined: there is no room for `total` bytes now. */
  static of(total: number): HeldFrame | undefined {
    return heldBytes + total > limits.kafkaHeldTotalBytes ? undefined : new HeldFrame(total);
  }

  /** Takes from the front of what arrived; the whole frame once it is there. */
  take(side: Side): Uint8Array | 'incomplete' | 'no room' {
    const arrived = side.arrived();
    const count = Math.min(arrived.length, this.#bytes.length - this.#filled);
    if (heldBytes + count > limits.kafkaHeldTotalBytes) return 'no room';
    heldBytes += count;
    this.#counted += count;
    if (count > 0) {
      this.#bytes.set(arrived.subarray(0, count), this.#filled);
      this.#filled += count;
      side.skip(count);
    }
    return this.#filled === this.#bytes.length ? this.#bytes : 'incomplete';
  }

  /** The frame is on its way or not wanted any more. Idempotent. */
  release(): void {
    heldBytes -= this.#counted;
    this.#counted = 0;
  }
}
