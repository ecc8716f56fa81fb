/**
 * Conditions of rules on header fields, and the bits that stand for them while a head is read. Field order is free, so
 * that states for it would multiply; bits add up.
 */

import type { HttpRule } from '../policy/resolved.ts';
import { isLeftToProxy } from './grammar.ts';
import { NotCompilable } from './regex.ts';
import { MARK_BITS } from './table.ts';

/** Each of these may come once. */
export const HOST_SEEN = 1;
export const LENGTH_SEEN = 2;
export const CONNECTION_SEEN = 4;
const firstFree = 3;

/** A field that rules ask for: it may come once in a judged head. */
export interface NamedField {
  /** Lower case. */
  readonly name: string;
  readonly seen: number;
  /** Value that is asked for → bit. */
  readonly values: ReadonlyMap<string, number>;
}

interface Growing extends NamedField {
  readonly values: Map<string, number>;
}

/** Letters, digits and hyphens: the names that no server reads as another (RFC 3875's variables fold `_` and `-`). */
const plainName = /^[0-9A-Za-z-]+$/;
/** Printable ASCII that neither begins nor ends with a space. */
const plainValue = /^[!-~](?:[ -~]*[!-~])?$/;
const special: ReadonlySet<string> = new Set(['host', 'content-length', 'connection']);

export class Conditions {
  readonly #fields = new Map<string, Growing>();
  #nextBit = firstFree;

  get fields(): readonly NamedField[] {
    return [...this.#fields.values()];
  }

  /**
   * @returns the marks that a head must have for `rule`
   * @throws {NotCompilable} when a condition can't be told by a bit
   */
  marksOf(rule: HttpRule): number {
    const asked = [
      ...(rule.headers ?? []).map(parse),
      ...(rule.headerMatches ?? []).filter(({ mismatch }) => mismatch === undefined),
    ];
    for (const { name, value } of asked) check(name, value);
    return asked.reduce((marks, { name, value }) => marks | this.#mark(name.toLowerCase(), value), HOST_SEEN);
  }

  #mark(name: string, value: string | undefined): number {
    let field = this.#fields.get(name);
    if (!field) {
      field = { name, seen: this.#bit(), values: new Map() };
      this.#fields.set(name, field);
    }
    if (value === undefined) return field.seen;
    const known = field.values.get(value) ?? this.#bit();
    field.values.set(value, known);
    return known;
  }

  #bit(): number {
    if (this.#nextBit === MARK_BITS) {
      throw new NotCompilable(`more than ${MARK_BITS - firstFree} conditions on headers in one rule set`);
    }
    return 1 << this.#nextBit++;
  }
}

/** As proxy/decide/header-conditions.ts reads it. */
function parse(text: string): { name: string; value?: string } {
  const colon = text.indexOf(':');
  if (colon === -1) return { name: text.trim() };
  return { name: text.slice(0, colon).trim(), value: text.slice(colon + 1).trim() };
}

function check(name: string, value: string | undefined): void {
  if (!plainName.test(name))
    throw new NotCompilable('a header name with other characters than letters, digits, hyphens');
  const lower = name.toLowerCase();
  if (special.has(lower) || isLeftToProxy(lower)) throw new NotCompilable(`a condition on the header ${name}`);
  if (value !== undefined && !plainValue.test(value)) {
    throw new NotCompilable('a header value that is empty or not printable ASCII');
  }
}
