/** Whether one rule reaches everything that another one does, as far as that can be told without the workloads. */

import { isInside, spanOf } from './cidr.ts';
import { peersKey } from './peers.ts';
import type { Peers, PortMatch, Selector } from './policy.ts';

/** Every endpoint that `narrow` selects `wide` selects too. */
export function coversSelector(wide: Selector, narrow: Selector): boolean {
  if (wide.key === narrow.key) return true;
  const needed = requirementsOf(narrow);
  for (const one of requirementsOf(wide)) if (!needed.has(one)) return false;
  return true;
}

/** Asked for by every pair of rules, so made once. */
const requirements = new WeakMap<Selector, ReadonlySet<string>>();

function requirementsOf(selector: Selector): ReadonlySet<string> {
  const known = requirements.get(selector);
  if (known) return known;
  const made = new Set(selector.requirements.map((one) => JSON.stringify(one)));
  requirements.set(selector, made);
  return made;
}

export function coversPeers(wide: Peers, narrow: Peers): boolean {
  if (wide.kind === 'any' || (wide.kind === 'entities' && wide.entities.includes('all'))) return true;
  if (wide.kind === 'entities') {
    if (narrow.kind === 'endpoints') return wide.entities.includes('cluster');
    if (narrow.kind === 'cidrs') return wide.entities.includes('world');
    return narrow.kind === 'entities' && narrow.entities.every((entity) => wide.entities.includes(entity));
  }
  if (wide.kind === 'endpoints' && narrow.kind === 'endpoints') {
    return narrow.selectors.every((one) => wide.selectors.some((other) => coversSelector(other, one)));
  }
  if (wide.kind === 'cidrs' && narrow.kind === 'cidrs' && wide.cidrs.every(({ except }) => except.length === 0)) {
    return narrow.cidrs.every((one) => {
      const span = spanOf(one.prefix);
      return wide.cidrs.some(({ prefix }) => isInside(span, spanOf(prefix)));
    });
  }
  return peersKey(wide) === peersKey(narrow);
}

export function coversPorts(wide: PortMatch, narrow: PortMatch): boolean {
  if (wide.protocol === 'any') return true;
  return wide.protocol === narrow.protocol && wide.first <= narrow.first && wide.last >= narrow.last;
}
