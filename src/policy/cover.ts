/** Whether one rule reaches everything that another one does, as far as that can be told without the workloads. */

import { isInside, spanOf } from './cidr.ts';
import { peersKey } from './peers.ts';
import type { Peers, PortMatch, Selector } from './policy.ts';

/** Every endpoint that `narrow` selects `wide` selects too. */
export function coversSelector(wide: Selector, narrow: Selector): boolean {
  const needed = new Set(narrow.requirements.map((one) => JSON.stringify(one)));
  return wide.requirements.every((one) => needed.has(JSON.stringify(one)));
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
