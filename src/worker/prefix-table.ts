/** Address → identity by longest prefix: the kernel's `identities` map, for the worker's side of a policy change. */

import { addressSize, mappedLength, writeAddress } from '../datapath/address-bytes.ts';
import type { Address, IdentityId } from '../identity/identity.ts';
import type { ResolvedPolicy } from '../policy/resolved.ts';

export class PrefixTable {
  /** Longest first; a search is one look-up for each length in use. */
  readonly #byLength: readonly { readonly length: number; readonly entries: ReadonlyMap<string, IdentityId> }[];

  constructor(prefixes: ResolvedPolicy['prefixes']) {
    const byLength = new Map<number, Map<string, IdentityId>>();
    for (const { prefix, identity } of prefixes) {
      const length = mappedLength(prefix);
      const entries = byLength.get(length) ?? new Map<string, IdentityId>();
      entries.set(masked(prefix.address, length), identity);
      byLength.set(length, entries);
    }
    this.#byLength = [...byLength]
      .map(([length, entries]) => ({ length, entries }))
      .sort((a, b) => b.length - a.length);
  }

  find(address: Address): IdentityId | undefined {
    for (const { length, entries } of this.#byLength) {
      const found = entries.get(masked(address, length));
      if (found !== undefined) return found;
    }
    return undefined;
  }
}

/** The kernel's 16 bytes of an address with all but the first `length` bits cleared. */
function masked(address: Address, length: number): string {
  const bytes = Buffer.alloc(addressSize);
  writeAddress(address, bytes, 0);
  const whole = length >> 3;
  if (whole < addressSize) {
    bytes[whole] = (bytes[whole] ?? 0) & (0xff00 >> (length & 7));
    bytes.fill(0, whole + 1);
  }
  return bytes.toString('latin1');
}
