/** The resolved policy as JSON: `Map`s become objects, and what may be a secret read from a file is not shown. */

import type { HeaderMatch, ResolvedPolicy } from './policy/resolved.ts';

export function jsonOf(resolved: ResolvedPolicy): unknown {
  return JSON.parse(JSON.stringify(resolved, plain));
}

function plain(key: string, value: unknown): unknown {
  if (value instanceof Map) return Object.fromEntries(value);
  if (key !== 'headerMatches' || !Array.isArray(value)) return value;
  return (value as HeaderMatch[]).map((match) =>
    match.value === undefined ? match : { ...match, value: 'not shown' },
  );
}
