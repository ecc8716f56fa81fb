/** Conditions of a rule on header fields, and the changes it asks for where they fail. */

import type { HeaderMatch, HttpRule } from '../../src/policy/resolved.ts';
import type { HttpRequestHead } from '../decide.ts';

export interface HeaderConditions {
  /** All must hold. */
  readonly required: readonly HeaderMatch[];
  /** Where one fails the rule matches all the same, and the request is changed. */
  readonly edits: readonly EditCondition[];
}

export interface EditCondition {
  readonly match: HeaderMatch;
  /** Names that CGI and WSGI turn into the same variable: a field that is taken away must not come back as one of them. */
  readonly lookalikes: readonly string[];
}

/** Hyphens of a name whose every mixture with underscores is looked for; of a longer one, all or none. */
const mixedHyphens = 4;

export function headerConditions(rule: HttpRule): HeaderConditions {
  const matches = rule.headerMatches ?? [];
  return {
    required: [...(rule.headers ?? []).map(headerMatch), ...matches.filter(({ mismatch }) => mismatch === undefined)],
    edits: matches.flatMap((match) => (match.mismatch === undefined ? [] : [editCondition(match)])),
  };
}

function editCondition(match: HeaderMatch): EditCondition {
  const takesAway = match.mismatch === 'DELETE' || match.mismatch === 'REPLACE';
  return { match, lookalikes: takesAway ? lookalikes(match.name.toLowerCase()) : [] };
}

function lookalikes(name: string): readonly string[] {
  const [first = '', ...parts] = name.split(/[-_]/);
  if (parts.length > mixedHyphens) return [`${first}-${parts.join('-')}`, `${first}_${parts.join('_')}`];
  let names = [first];
  for (const part of parts) names = names.flatMap((start) => [`${start}-${part}`, `${start}_${part}`]);
  return names.filter((other) => other !== name);
}

/** Whether the request is not as the rule wants it. */
export function asksForEdit({ match, lookalikes }: EditCondition, head: HttpRequestHead): boolean {
  return !holds(match, head) || lookalikes.some((name) => head.header(name).length > 0);
}

/** Whether a field of this name is meant by a rule that takes `taken` away. Both in lower case. */
export function isTaken(name: string, taken: string): boolean {
  return name === taken || (name.length === taken.length && name.replaceAll('_', '-') === taken.replaceAll('_', '-'));
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
