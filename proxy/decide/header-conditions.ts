/** Conditions of a rule on header fields, and the changes it asks for where they fail. */

import type { HeaderMatch, HttpRule } from '../../src/policy/resolved.ts';
import type { HttpRequestHead } from '../decide.ts';
import { isLookalike } from './field-name.ts';

export interface HeaderConditions {
  /** All must hold. */
  readonly required: readonly HeaderMatch[];
  /** Where one fails the rule matches all the same, and the request is changed. */
  readonly edits: readonly HeaderMatch[];
}

export function headerConditions(rule: HttpRule): HeaderConditions {
  const matches = rule.headerMatches ?? [];
  return {
    required: [...(rule.headers ?? []).map(headerMatch), ...matches.filter(({ mismatch }) => mismatch === undefined)],
    edits: matches.filter(({ mismatch }) => mismatch !== undefined),
  };
}

/** Whether the request is not as the rule wants it. What is taken away must not come back under another name. */
export function asksForEdit(match: HeaderMatch, head: HttpRequestHead): boolean {
  const takesAway = match.mismatch === 'DELETE' || match.mismatch === 'REPLACE';
  return !holds(match, head) || (takesAway && head.hasLookalike(match.name));
}

/** Whether a field of this name is meant by a rule that takes `taken` away. */
export function isTaken(name: string, taken: string): boolean {
  return name.toLowerCase() === taken.toLowerCase() || isLookalike(name, taken);
}

/** `Name: value` asks for the value, `Name` for presence. */
function headerMatch(text: string): HeaderMatch {
  const colon = text.indexOf(':');
  if (colon === -1) return { name: text.trim() };
  return { name: text.slice(0, colon).trim(), value: text.slice(colon + 1).trim() };
}

export function holds({ name, value }: HeaderMatch, head: HttpRequestHead): boolean {
  const values = head.header(name.toLowerCase());
  if (value === undefined) return values.length > 0;
  // Every one of them: a server may read the first, the last or all.
  return values.length > 0 && values.every((one) => equal(one, value));
}

/** In a time that does not tell how much of a secret was right. */
function equal(one: string, other: string): boolean {
  if (one.length !== other.length) return false;
  let difference = 0;
  for (let at = 0; at < one.length; at++) difference |= one.charCodeAt(at) ^ other.charCodeAt(at);
  return difference === 0;
}
