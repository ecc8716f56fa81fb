/** Byte classes: bytes that no set of the automaton tells apart are one symbol. */

import { type ByteSet, bytesOf } from './byte-set.ts';
import { DEAD_CLASS } from './table.ts';

export class Alphabet {
  /** Class by byte; 1 and up, `DEAD_CLASS` for bytes that are in no set. */
  readonly classes = new Uint8Array(256).fill(DEAD_CLASS);
  /** Classes are 1 to `size`. */
  readonly size: number;
  readonly #classesOf = new Map<ByteSet, readonly number[]>();

  /** @param sets all that will ever be asked for */
  constructor(sets: Iterable<ByteSet>) {
    // Split by one set after the other; bytes of equal number stay together.
    let numbers = Array.from({ length: 256 }, () => 0);
    const distinct = new Set(sets);
    for (const set of distinct) {
      const inside = new Set(bytesOf(set));
      const renumbered = new Map<number, number>();
      numbers = numbers.map((number, byte) => {
        const key = number * 2 + (inside.has(byte) ? 1 : 0);
        const known = renumbered.get(key) ?? renumbered.size;
        renumbered.set(key, known);
        return known;
      });
    }
    const classes = new Map<number, number>();
    for (const set of distinct) {
      for (const byte of bytesOf(set)) {
        const number = numbers[byte] ?? 0;
        const known = classes.get(number) ?? classes.size + 1;
        classes.set(number, known);
        this.classes[byte] = known;
      }
    }
    this.size = classes.size;
    for (const set of distinct) this.#classesOf.set(set, this.#ofSet(set));
  }

  classesOf(set: ByteSet): readonly number[] {
    const known = this.#classesOf.get(set);
    if (!known) throw new Error('a set of bytes that the alphabet was not made for');
    return known;
  }

  #ofSet(set: ByteSet): number[] {
    return [...new Set(bytesOf(set).map((byte) => this.classes[byte] ?? DEAD_CLASS))];
  }
}
