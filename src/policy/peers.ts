/** Which identities the peers of a rule are. */

import type { Identity, IdentityId } from '../identity/identity.ts';
import { isInside, prefixKey, type Span, spanOf } from './cidr.ts';
import type { CidrMatch, Entity, Peers } from './policy.ts';
import { selects } from './selector.ts';

/**
 * Whether `identity` is among `peers`. CIDRs mean addresses outside: as with Cilium they never match a workload or the
 * host, even where its address lies inside.
 */
export function isPeer(peers: Peers, identity: Identity): boolean {
  switch (peers.kind) {
    case 'any':
      return true;
    case 'endpoints':
      return identity.kind === 'workload' && peers.selectors.some((selector) => selects(selector, identity));
    case 'cidrs':
      return identity.kind === 'cidr' && peers.cidrs.some((cidr) => isInCidr(cidr, spanOf(identity.prefix)));
    case 'entities':
      return peers.entities.some((entity) => isOf(entity, identity));
  }
}

function isInCidr({ prefix, except }: CidrMatch, span: Span): boolean {
  return isInside(span, spanOf(prefix)) && !except.some((hole) => isInside(span, spanOf(hole)));
}

function isOf(entity: Entity, identity: Identity): boolean {
  const outside = identity.kind === 'cidr' || (identity.kind === 'reserved' && identity.name === 'world');
  switch (entity) {
    case 'all':
      return true;
    case 'cluster':
      return !outside;
    case 'host':
      return identity.kind === 'reserved' && identity.name === 'host';
    case 'world':
      return outside;
    // The identity `world` is of both families; `cidrsOf` gives each family one of its own where a rule tells them apart.
    case 'world-ipv4':
      return identity.kind === 'cidr' && spanOf(identity.prefix).family === 4;
    case 'world-ipv6':
      return identity.kind === 'cidr' && spanOf(identity.prefix).family === 6;
  }
}

/** Equal when the peers are. */
export function peersKey(peers: Peers): string {
  switch (peers.kind) {
    case 'any':
      return 'any';
    case 'endpoints':
      return `endpoints ${peers.selectors
        .map(({ key }) => key)
        .sort()
        .join(' | ')}`;
    case 'cidrs':
      return `cidrs ${peers.cidrs
        .map(({ prefix, except }) => `${prefixKey(prefix)}!${except.map(prefixKey).sort().join('!')}`)
        .sort()
        .join()}`;
    case 'entities':
      return `entities ${[...peers.entities].sort().join()}`;
  }
}

/** The identities of one moment, asked for by many rules. */
export class PeerIndex {
  readonly #identities: readonly Identity[];
  /** CIDR identities in the order of their addresses, so that what lies inside a prefix stands together. */
  readonly #outside: readonly { readonly id: IdentityId; readonly span: Span }[];
  readonly #found = new Map<string, readonly IdentityId[]>();

  constructor(identities: readonly Identity[]) {
    this.#identities = identities;
    this.#outside = identities
      .flatMap((identity) => (identity.kind === 'cidr' ? [{ id: identity.id, span: spanOf(identity.prefix) }] : []))
      .sort((a, b) => compare(a.span.first, b.span.first));
  }

  /** As `isPeer` for every identity. */
  identitiesOf(peers: Peers): readonly IdentityId[] {
    const key = peersKey(peers);
    const known = this.#found.get(key);
    if (known) return known;
    const found =
      peers.kind === 'cidrs'
        ? [...new Set(peers.cidrs.flatMap((cidr) => this.#inside(cidr)))]
        : this.#identities.filter((identity) => isPeer(peers, identity)).map(({ id }) => id);
    this.#found.set(key, found);
    return found;
  }

  #inside({ prefix, except }: CidrMatch): IdentityId[] {
    const span = spanOf(prefix);
    const holes = except.map(spanOf);
    const found: IdentityId[] = [];
    for (let i = this.#firstAt(span.first); i < this.#outside.length; i++) {
      const candidate = this.#outside[i];
      if (!candidate || candidate.span.first > span.last) break;
      if (isInside(candidate.span, span) && !holes.some((hole) => isInside(candidate.span, hole))) {
        found.push(candidate.id);
      }
    }
    return found;
  }

  /** Index of the first that starts at `first` or above. */
  #firstAt(first: string): number {
    let low = 0;
    let high = this.#outside.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#outside[middle]?.span.first ?? '') < first) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
