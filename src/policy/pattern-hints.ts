/** What is usually wrong with a pattern that compiles. Patterns come from policies, never from traffic. */

import { RE2JS } from 're2js';

export type PatternField = 'method' | 'path' | 'host';

/** Sentences with cause and next step. */
export function patternHints(field: PatternField, pattern: string): string[] {
  const body = withoutAnchors(pattern);
  const hints =
    body === pattern ? [] : [`^ and $ change nothing, because ${field} is matched in full; write "${body}"`];
  const atoms = atomsOf(body);
  switch (field) {
    case 'method':
      return [...hints, ...methodHints(body)];
    case 'path':
      return [...hints, ...pathHints(body, atoms)];
    case 'host':
      return [...hints, ...hostHints(body, atoms)];
  }
}

function methodHints(pattern: string): string[] {
  return /^[a-z|()]+$/.test(pattern)
    ? [`methods are case-sensitive and sent in capitals; write "${pattern.toUpperCase()}"`]
    : [];
}

function pathHints(pattern: string, atoms: readonly Atom[]): string[] {
  const hints: string[] = [];
  // `/package\.Service/Method`: calls of gRPC have no query.
  const isCall = /^\/\w+(\\\.\w+)+\/\w+$/.test(pattern);
  if (!isCall && !atoms.some((atom) => canMatch(atom, '?'))) {
    hints.push(`never matches a request with a query, because the query is matched too; append (\\?.*)? to allow one`);
  }
  if (/^[\w-]/.test(pattern)) hints.push(`never matches, because a path starts with "/"; write "/${pattern}"`);
  if (/^\.[*+]./.test(pattern)) {
    hints.push(
      `starts with "${pattern.slice(0, 2)}", so anything may stand before the rest; start with the wanted "/…"`,
    );
  }
  // `/public.*` was meant as `/public/.*`; after "/", "?" or a group everything is as it looks.
  if (/[\w-]\.[*+]$/.test(pattern)) {
    const stem = pattern.slice(0, -2);
    hints.push(`also matches longer names, like "${stem}x"; write "${stem}(/.*)?" for what is below it`);
  }
  return hints;
}

function hostHints(pattern: string, atoms: readonly Atom[]): string[] {
  const hints: string[] = [];
  if (atoms.some(({ text, repeated }) => text === '.' && !repeated)) {
    hints.push('"." matches any character; write "\\\\." in double quotes, or \'\\.\' in single ones, for a dot');
  }
  if (/^\.[*+][\w-]/.test(pattern)) {
    hints.push(
      `also matches other domains that end in the same letters; write "${pattern.slice(0, 2)}\\\\.${pattern.slice(2)}"`,
    );
  }
  if (/[\w-]\.[*+]$/.test(pattern))
    hints.push('also matches every domain that begins with this one; end with the whole name');
  return hints;
}

function withoutAnchors(pattern: string): string {
  const start = pattern.startsWith('^') ? pattern.slice(1) : pattern;
  // `\$` is a dollar, `\\$` a backslash and an anchor.
  return /(?<!\\)(\\\\)*\$$/.test(start) ? start.slice(0, -1) : start;
}

/** What matches one character: a character, an escape or a class; operators are left out. */
interface Atom {
  readonly text: string;
  /** An operator for repetition follows. */
  readonly repeated: boolean;
}

const atom =
  /\\Q[\s\S]*?(?:\\E|$)|\\[pPx]\{[^}]*\}|\\x[0-9a-fA-F]{2}|\\[\s\S]|\[\^?\]?(?:\[:\^?\w+:\]|\\[\s\S]|[^\]\\])*\]|\(\?[^:)]*[:)>]|\{[0-9,]+\}|[\s\S]/g;

function atomsOf(pattern: string): Atom[] {
  const parts = pattern.match(atom) ?? [];
  return parts.flatMap((text, i) => {
    if (/^([*+?|()^$]|\(\?.*|\{[0-9,]+\})$/s.test(text)) return [];
    return { text, repeated: /^([*+?]|\{[0-9,]+\})$/.test(parts[i + 1] ?? '') };
  });
}

function canMatch({ text }: Atom, character: string): boolean {
  if (text.startsWith('\\Q')) return text.includes(character);
  try {
    return RE2JS.compile(text).matches(character);
  } catch {
    // Half of something that only compiles as a whole: nothing is said about it.
    return true;
  }
}
