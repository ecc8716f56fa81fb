/** Header blocks in every form that RFC 7541 allows, and broken ones, from a seed. */

import { DynamicTable } from '../../proxy/http2/hpack/dynamic-table.ts';
import { codeLengths, codes } from '../../proxy/http2/hpack/huffman-code.ts';
import { staticLength, staticNames, staticValues } from '../../proxy/http2/hpack/static-table.ts';

export type Fields = readonly (readonly [name: string, value: string])[];

/** Numbers that look random and are the same for the same seed (mulberry32). */
export class Chance {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** From 0 up to, but without, `bound`. */
  below(bound: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % bound;
  }

  /** True once in `times`. */
  once(times: number): boolean {
    return this.below(times) === 0;
  }

  of<T>(choices: readonly [T, ...T[]]): T {
    return choices[this.below(choices.length)] ?? choices[0];
  }

  text(alphabet: string, most: number): string {
    return Array.from({ length: this.below(most + 1) }, () => alphabet[this.below(alphabet.length)]).join('');
  }
}

const nameLetters = 'abcdefghijklmnopqrstuvwxyz0123456789-_';
const valueLetters = `${nameLetters}ABCXYZ /;=,.:"'~%&(){}\xe4\xff`;

/** Fields of a proper request to `path`; names and values come again often enough to be worth a table. */
export function requestFields(chance: Chance, path: string): Fields {
  const fields: (readonly [string, string])[] = [
    [':method', chance.of(['GET', 'POST', 'PUT'])],
    [':scheme', chance.of(['http', 'https'])],
    [':path', path],
    [':authority', chance.of(['example', 'example:8080', 'other.example'])],
  ];
  const count = chance.below(8);
  for (let index = 0; index < count; index++) {
    const name = chance.once(3)
      ? `x-${chance.text(nameLetters, 30)}`
      : chance.of(['accept', 'user-agent', 'cookie', 'x-a', 'x-b']);
    const value = chance.once(3)
      ? chance.text(valueLetters, chance.of([5, 50, 600])).trim()
      : chance.of(['', 'one', 'two', '3']);
    fields.push([name, value]);
  }
  return fields;
}

/** An encoder that takes any form a field may have. */
export class AnyEncoder {
  readonly #chance: Chance;
  readonly #table = new DynamicTable();
  readonly #most: number;

  /** @param most octets that the decoder allows the table */
  constructor(chance: Chance, most: number) {
    this.#chance = chance;
    this.#most = most;
  }

  encode(fields: Fields): Buffer {
    const parts: Buffer[] = [];
    while (this.#chance.once(8)) {
      const size = this.#chance.of([0, 50, 200, 1000, this.#most]);
      this.#table.resize(Math.min(size, this.#most));
      parts.push(integer(0x20, 0x1f, Math.min(size, this.#most)));
    }
    for (const [name, value] of fields) parts.push(this.#field(name, value));
    return Buffer.concat(parts);
  }

  #field(name: string, value: string): Buffer {
    const whole = this.#find((at) => this.#nameAt(at) === name && this.#valueAt(at) === value);
    if (whole > 0 && !this.#chance.once(4)) return integer(0x80, 0x7f, whole);
    const named = this.#chance.once(4) ? 0 : this.#find((at) => this.#nameAt(at) === name);
    const [pattern, mask] = this.#chance.of([
      [0x40, 0x3f],
      [0x40, 0x3f],
      [0x00, 0x0f],
      [0x10, 0x0f],
    ] as const);
    const parts = [integer(pattern, mask, named)];
    if (named === 0) parts.push(this.#string(name));
    parts.push(this.#string(value));
    if (pattern === 0x40) this.#table.insert(name, value);
    return Buffer.concat(parts);
  }

  /** From a random place on, so that every entry of both tables has its turn. */
  #find(fits: (at: number) => boolean): number {
    const count = staticLength + this.#table.length;
    const start = this.#chance.below(count);
    for (let step = 0; step < count; step++) {
      const at = ((start + step) % count) + 1;
      if (fits(at)) return at;
    }
    return 0;
  }

  #nameAt(at: number): string {
    return (at <= staticLength ? staticNames[at] : this.#table.name(at - staticLength)) ?? '';
  }

  #valueAt(at: number): string {
    return (at <= staticLength ? staticValues[at] : this.#table.value(at - staticLength)) ?? '';
  }

  #string(text: string): Buffer {
    const bytes = Buffer.from(text, 'latin1');
    if (this.#chance.once(2)) return Buffer.concat([integer(0, 0x7f, bytes.length), bytes]);
    const packed = huffman(bytes);
    return Buffer.concat([integer(0x80, 0x7f, packed.length), packed]);
  }
}

function integer(pattern: number, mask: number, value: number): Buffer {
  if (value < mask) return Buffer.from([pattern | value]);
  const bytes = [pattern | mask];
  let rest = value - mask;
  for (; rest > 0x7f; rest >>>= 7) bytes.push(0x80 | (rest & 0x7f));
  bytes.push(rest);
  return Buffer.from(bytes);
}

function huffman(bytes: Buffer): Buffer {
  let bits = '';
  for (const byte of bytes) bits += (codes[byte] ?? 0).toString(2).padStart(codeLengths[byte] ?? 0, '0');
  bits = bits.padEnd(Math.ceil(bits.length / 8) * 8, '1');
  return Buffer.from(bits.match(/.{8}/g)?.map((octet) => Number.parseInt(octet, 2)) ?? []);
}

/** The block with a few octets changed, added or cut off. */
export function damaged(chance: Chance, block: Buffer): Buffer {
  const bytes = [...block];
  for (let count = chance.below(3); count >= 0; count--) {
    const at = chance.below(bytes.length + 1);
    if (chance.once(4)) bytes.splice(at, chance.below(4));
    else if (chance.once(3)) bytes.splice(at, 0, chance.below(256));
    else bytes[at] = chance.once(2) ? chance.below(256) : (bytes[at] ?? 0) ^ (1 << chance.below(8));
  }
  return Buffer.from(bytes);
}
