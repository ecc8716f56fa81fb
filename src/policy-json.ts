/** The resolved policy as JSON: `Map`s become objects. */

import type { ResolvedPolicy } from './policy/resolved.ts';

export function jsonOf(resolved: ResolvedPolicy): unknown {
  return JSON.parse(
    JSON.stringify(resolved, (_, value: unknown) => (value instanceof Map ? Object.fromEntries(value) : value)),
  );
}
