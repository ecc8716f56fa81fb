/**
 * Names and name prefixes of the rules, found by the bytes on the wire: one pass over the name computes its hash and,
 * on the way, the hash of each of its prefixes, so the cost does not depend on the number of rules and no string is
 * made. Traffic cannot fill the table, so it cannot make its chains long either. It lies in arrays of numbers: as objects
 * 10,000 names would take 4 MiB in each worker.
 */

import type { RuleRef } from '../../src/policy/resolved.ts';

// FNV-1a, 32 bits: http://www.isthe.com/chongo/tech/comp/fnv/
const basis = 0x811c9dc5 | 0;
const step = (hash: number, byte: number): number => Math.imul(hash ^ byte, 0x01000193);

/** Of a row: where its name stands, the operations that no row of this name before it grants, and the next one of this name. */
const column = { hash: 0, start: 1, length: 2, prefix: 3, operations: 4, next: 5, width: 6 } as const;

export class NameTable {
  /** The first row of each name, by its hash; 0: none. */
  #slots = new Int32Array(16);
  /** A row for each rule that adds to what is granted on a name; row 0 stays empty. */
  #rows = new Int32Array(8 * column.width);
  readonly #rules: (RuleRef | undefined)[] = [undefined];
  #bytes = new Uint8Array(128);
  #bytesUsed = 0;
  #names = 0;
  #exact = 0;
  /** Lengths of the prefixes in the table, rising. */
  #lengths: number[] = [];

  /** Grants `operations` on the name, or on all names that start with it. */
  grant(name: string, prefix: boolean, operations: number, rule: RuleRef): void {
    const bytes = Buffer.from(name, 'utf8');
    let hash = basis;
    for (const byte of bytes) hash = step(hash, byte);
    let last = this.#probe(bytes, 0, bytes.length, hash, prefix);
    if (last === 0) {
      this.#insert(bytes, prefix, hash, operations, rule);
      return;
    }
    let added = operations & ~this.#cell(last, column.operations);
    for (let next = this.#cell(last, column.next); next !== 0; next = this.#cell(last, column.next)) {
      last = next;
      added &= ~this.#cell(last, column.operations);
    }
    if (added !== 0) this.#set(last, column.next, this.#row(added, rule));
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
    return this.#rules.find((_, row) => (this.#cell(row, column.operations) & operations) !== 0);
  }

  /** Of the name whose first row is given. */
  #granting(first: number, operations: number): RuleRef | undefined {
    for (let row = first; row !== 0; row = this.#cell(row, column.next)) {
      if ((this.#cell(row, column.operations) & operations) !== 0) return this.#rules[row];
    }
    return undefined;
  }

  /** The first row of a name; 0: it is not in the table. */
  #probe(bytes: Uint8Array, start: number, length: number, hash: number, prefix: boolean): number {
    const mask = this.#slots.length - 1;
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const row = this.#slots[slot] ?? 0;
      if (row === 0) return 0;
      if (this.#cell(row, column.hash) !== hash || this.#cell(row, column.prefix) !== Number(prefix)) continue;
      if (this.#cell(row, column.length) === length && this.#same(row, bytes, start, length)) return row;
    }
  }

  #same(row: number, bytes: Uint8Array, start: number, length: number): boolean {
    const own = this.#cell(row, column.start);
    for (let index = 0; index < length; index++) if (this.#bytes[own + index] !== bytes[start + index]) return false;
    return true;
  }

  #insert(name: Uint8Array, prefix: boolean, hash: number, operations: number, rule: RuleRef): void {
    const row = this.#row(operations, rule);
    this.#set(row, column.hash, hash);
    this.#set(row, column.start, this.#keep(name));
    this.#set(row, column.length, name.length);
    this.#set(row, column.prefix, Number(prefix));
    this.#names++;
    if (2 * this.#names > this.#slots.length) {
      const old = this.#slots;
      this.#slots = new Int32Array(2 * old.length);
      for (const first of old) if (first !== 0) this.#place(first);
    }
    this.#place(row);
    if (!prefix) this.#exact++;
    else if (!this.#lengths.includes(name.length)) {
      this.#lengths = [...this.#lengths, name.length].sort((one, other) => one - other);
    }
  }

  /** A new row, of no name yet. */
  #row(operations: number, rule: RuleRef): number {
    const row = this.#rules.push(rule) - 1;
    if ((row + 1) * column.width > this.#rows.length) {
      const grown = new Int32Array(2 * this.#rows.length);
      grown.set(this.#rows);
      this.#rows = grown;
    }
    this.#set(row, column.operations, operations);
    return row;
  }

  /** Where the bytes stand from now on. */
  #keep(name: Uint8Array): number {
    const start = this.#bytesUsed;
    this.#bytesUsed += name.length;
    if (this.#bytesUsed > this.#bytes.length) {
      const grown = new Uint8Array(2 * this.#bytesUsed);
      grown.set(this.#bytes);
      this.#bytes = grown;
    }
    this.#bytes.set(name, start);
    return start;
  }

  #place(row: number): void {
    const mask = this.#slots.length - 1;
    let slot = this.#cell(row, column.hash) & mask;
    while (this.#slots[slot] !== 0) slot = (slot + 1) & mask;
    this.#slots[slot] = row;
  }

  #cell(row: number, at: number): number {
    return this.#rows[row * column.width + at] ?? 0;
  }

  #set(row: number, at: number, value: number): void {
    this.#rows[row * column.width + at] = value;
  }
}
