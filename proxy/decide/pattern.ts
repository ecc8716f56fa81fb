/**
 * A pattern of RE2's language, matched in full. Most patterns of policies are a literal, or a literal and then anything:
 * those are compared; the rest is matched by re2js in linear time.
 */

import { RE2JS } from 're2js';

export type Pattern =
  | { readonly kind: 'exact'; readonly text: string }
  /** The text, then anything. */
  | { readonly kind: 'prefix'; readonly text: string }
  | { readonly kind: 'regex'; readonly matches: (text: string) => boolean };

const special = new Set('\\.+*?()|[]{}^$');

/** @throws {Error} when it is none of RE2's language; the policy's loader has refused such a one before. */
export function compilePattern(source: string): Pattern {
  const { literal, rest } = leadingLiteral(source);
  if (rest === '') return { kind: 'exact', text: literal };
  // What it is matched against has no line feed, the one character that the dot leaves out.
  if (rest === '.*') return { kind: 'prefix', text: literal };
  const regex = RE2JS.compile(source);
  return { kind: 'regex', matches: (text) => regex.matches(text) };
}

/** Case-insensitive, as hosts are (RFC 3986 section 3.2.2). What it is matched against is in lower case. */
export function compileHostPattern(source: string): Pattern {
  const pattern = compilePattern(source);
  return pattern.kind === 'regex'
    ? compilePattern(`(?i)${source}`)
    : { kind: pattern.kind, text: pattern.text.toLowerCase() };
}

export function matches(pattern: Pattern, text: string): boolean {
  switch (pattern.kind) {
    case 'exact':
      return text === pattern.text;
    case 'prefix':
      return text.startsWith(pattern.text);
    case 'regex':
      return pattern.matches(text);
  }
}

/** The characters up to the first that is not plainly itself; anchors at the ends mean nothing in a full match. */
function leadingLiteral(source: string): { literal: string; rest: string } {
  let at = source.startsWith('^') ? 1 : 0;
  const end = source.endsWith('$') && !source.endsWith('\\$') ? source.length - 1 : source.length;
  let literal = '';
  while (at < end) {
    const char = source[at] ?? '';
    const escaped = source[at + 1] ?? '';
    let next = at + 1;
    let text = char;
    if (char === '\\') {
      // `\.` is a dot; `\d`, `\Q` and the like are not literals.
      if (at + 1 >= end || /[0-9A-Za-z]/.test(escaped)) break;
      text = escaped;
      next = at + 2;
    } else if (special.has(char)) break;
    // A quantifier belongs to the character before it.
    if (next < end && '*+?{'.includes(source[next] ?? '')) break;
    // An alternative may follow anywhere; then nothing before it is a common literal.
    literal += text;
    at = next;
  }
  const rest = source.slice(at, end);
  return rest.includes('|') ? { literal: '', rest: source } : { literal, rest };
}
