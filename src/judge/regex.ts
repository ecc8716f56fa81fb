/** A regular expression over bytes, as the parser leaves it: greed and captures mean nothing in a full match. */

import { type ByteSet, single } from './byte-set.ts';

export type Regex =
  | { readonly kind: 'set'; readonly set: ByteSet }
  | { readonly kind: 'sequence'; readonly parts: readonly Regex[] }
  | { readonly kind: 'choice'; readonly parts: readonly Regex[] }
  /** `most` undefined: without end. */
  | { readonly kind: 'repeat'; readonly body: Regex; readonly least: number; readonly most: number | undefined }
  /** Nothing, but only where the text begins, respectively ends. */
  | { readonly kind: 'begin' }
  | { readonly kind: 'end' }
  /** What an `end` before it takes for the end. */
  | { readonly kind: 'seal' };

/** What the kernel's automaton can't express; the message says why, for `policy check`. */
export class NotCompilable extends Error {}

export function literal(text: string): Regex {
  const parts: Regex[] = [];
  for (let at = 0; at < text.length; at++) parts.push({ kind: 'set', set: single(text.charCodeAt(at)) });
  return { kind: 'sequence', parts };
}

/** The same expression with every set exchanged. */
export function mapSets(regex: Regex, exchange: (set: ByteSet) => ByteSet): Regex {
  switch (regex.kind) {
    case 'set':
      return { kind: 'set', set: exchange(regex.set) };
    case 'sequence':
    case 'choice':
      return { kind: regex.kind, parts: regex.parts.map((part) => mapSets(part, exchange)) };
    case 'repeat':
      return { ...regex, body: mapSets(regex.body, exchange) };
    default:
      return regex;
  }
}

/** Nothing repeats without end but at the very end: such expressions make a tree of states, whatever their number. */
export function isTreeLike(regex: Regex): boolean {
  switch (regex.kind) {
    case 'sequence':
      return regex.parts.every((part, index) =>
        index === regex.parts.length - 1 ? isTreeLike(part) : isBounded(part),
      );
    case 'choice':
      return regex.parts.every(isTreeLike);
    case 'repeat':
      return isBounded(regex.body);
    default:
      return true;
  }
}

function isBounded(regex: Regex): boolean {
  switch (regex.kind) {
    case 'sequence':
    case 'choice':
      return regex.parts.every(isBounded);
    case 'repeat':
      return regex.most !== undefined && isBounded(regex.body);
    default:
      return true;
  }
}
