/**
 * Names and name prefixes of the rules, found by the bytes on the wire: one pass over the name computes its hash and,
 * on the way, the hash of each of its prefixes, so the cost does not depend on the number of rules and no string is
 * made. Traffic cannot fill the table, so it cannot make its chains long either.
 */

import type { RuleRef } from '../../src/policy/resolved.ts';

interface Entry {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly prefix: boolean;
  readonly hash: number;
  /** The first rule that grants an operation, by the operation's bit number. */
  readonly rules: (RuleRef | undefined)[];
  granted: number;
}

// FNV-1a, 32 bits: http://www.isthe.com/chongo/tech/comp/fnv/
const basis = 0x811c9dc5;
const step = (hash: number, byte: number): number => Math.imul(hash ^ byte, 0x01000193);

export class NameTable {
  #slots: (Entry | undefined)[] = Array.from({ length: 16 });
  #count = 0;
  #exact = 0;
  /** Lengths of the prefixes in the table, rising. */
  #lengths: number[] = [];

  /** Grants `operations` on the name, or on all names that start with it. */
  grant(name: string, prefix: boolean, operations: number, rule: RuleRef): void {
    const bytes = Buffer.from(name, 'utf8');
    let hash = basis;
    for (const byte of bytes) hash = step(hash, byte);
    const entry = this.#probe(bytes, 0, bytes.length, hash, prefix) ?? this.#insert(name, bytes, prefix, hash);
    for (let bit = 0; bit < 8; bit++) if ((operations & (1 << bit)) !== 0) entry.rules[bit] ??= rule;
    entry.granted |= operations;
  }

  /**
   * The rule that grants any of `operations` on the name `bytes[start, start + length)`.
   * `reserved`: the name starts with `__`; a shorter prefix does not reach it.
   */
  find(bytes: Uint8Array, start: number, length: number, operations: number, reserved: boolean): RuleRef | undefined {
    const { length: prefixes } = this.#lengths;
    if (this.#exact === 0 && prefixes === 0) return undefined;
    let hash = basis;
    let next = 0;
    for (let index = 0; index <= length; index++) {
      while (next < prefixes && this.#lengths[next] === index) {
        next++;
        if (reserved && index < 2) continue;
        const rule = this.#granting(this.#probe(bytes, start, index, hash, true), operations);
        if (rule !== undefined) return rule;
      }
      if (index < length) hash = step(hash, bytes[start + index] ?? 0);
    }
    return this.#granting(this.#probe(bytes, start, length, hash, false), operations);
  }

  /** Any name at all has any of `operations`. */
  any(operations: number): RuleRef | undefined {
    for (const entry of this.#slots) {
      const rule = this.#granting(entry, operations);
      if (rule !== undefined) return rule;
    }
    return undefined;
  }

  #granting(entry: Entry | undefined, operations: number): RuleRef | undefined {
    if (entry === undefined) return undefined;
    const bits = entry.granted & operations;
    return bits === 0 ? undefined : entry.rules[31 - Math.clz32(bits)];
  }

  #probe(bytes: Uint8Array, start: number, length: number, hash: number, prefix: boolean): Entry | undefined {
    const mask = this.#slots.length - 1;
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const entry = this.#slots[slot];
      if (entry === undefined) return undefined;
      if (entry.hash === hash && entry.prefix === prefix && same(entry.bytes, bytes, start, length)) return entry;
    }
  }

  #insert(name: string, bytes: Uint8Array, prefix: boolean, hash: number): Entry {
    if (2 * (this.#count + 1) > this.#slots.length) {
      const old = this.#slots;
      this.#slots = Array.from({ length: 2 * old.length });
      for (const entry of old) if (entry !== undefined) this.#place(entry);
    }
    const entry: Entry = { name, bytes, prefix, hash, rules: [], granted: 0 };
    this.#place(entry);
    this.#count++;
    if (!prefix) this.#exact++;
    else if (!this.#lengths.includes(bytes.length)) {
      this.#lengths = [...this.#lengths, bytes.length].sort((one, other) => one - other);
    }
    return entry;
  }

  #place(entry: Entry): void {
    const mask = this.#slots.length - 1;
    let slot = entry.hash & mask;
    while (this.#slots[slot] !== undefined) slot = (slot + 1) & mask;
    this.#slots[slot] = entry;
  }
}

function same(name: Uint8Array, bytes: Uint8Array, start: number, length: number): boolean {
  if (name.length !== length) return false;
  for (let index = 0; index < length; index++) if (name[index] !== bytes[start + index]) return false;
  return true;
}
