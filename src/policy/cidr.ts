/** Address prefixes of rules: reading, and which lies inside which. */

import { isIPv4, isIPv6 } from 'node:net';
import { addressSize, mappedLength, readAddress, writeAddress } from '../datapath/address-bytes.ts';
import type { Address, Prefix } from '../identity/identity.ts';
import { type Field, quote } from './field.ts';

/** A prefix that can be compared: first and last address as 32 hexadecimal digits, which sort as the addresses do. */
export interface Span {
  readonly family: 4 | 6;
  readonly first: string;
  readonly last: string;
}

export function spanOf(prefix: Prefix): Span {
  const bytes = Buffer.alloc(addressSize);
  writeAddress(prefix.address, bytes, 0);
  const first = bytes.toString('hex');
  setHostBits(bytes, mappedLength(prefix), 0xff);
  return { family: isIPv4(prefix.address) ? 4 : 6, first, last: bytes.toString('hex') };
}

export function isInside(inner: Span, outer: Span): boolean {
  return inner.family === outer.family && inner.first >= outer.first && inner.last <= outer.last;
}

export function prefixKey({ address, length }: Prefix): string {
  return `${address}/${length}`;
}

/** The prefix of one address. */
export function hostPrefix(address: Address): Prefix {
  return { address, length: isIPv4(address) ? 32 : 128 };
}

/** `10.0.0.0/8`, `fd00::/8`, or one address. Host bits are cleared, as Cilium does, and hinted at. */
export function readPrefix(field: Field): Prefix | undefined {
  const text = field.string();
  if (text === undefined) return undefined;
  const slash = text.indexOf('/');
  const address = slash === -1 ? text : text.slice(0, slash);
  const width = isIPv4(address) ? 32 : 128;
  const digits = slash === -1 ? String(width) : text.slice(slash + 1);
  const wellFormed =
    (isIPv4(address) || isIPv6(address)) && !address.includes('%') && /^(0|[1-9][0-9]{0,2})$/.test(digits);
  if (!wellFormed || Number(digits) > width) {
    return field.error(`${quote(text)} is not an address prefix; write it like 10.0.0.0/8 or fd00::/8`);
  }
  const bytes = Buffer.alloc(addressSize);
  writeAddress(address, bytes, 0);
  if (width === 128 && bytes.subarray(0, 12).toString('hex') === '00000000000000000000ffff') {
    return field.error(`${quote(text)} is an IPv4 address in IPv6 form; write it as IPv4`);
  }
  const given = bytes.toString('hex');
  const length = Number(digits);
  setHostBits(bytes, width === 32 ? length + 96 : length, 0);
  const prefix = { address: readAddress(bytes, 0), length };
  if (bytes.toString('hex') !== given) {
    field.hint(`${quote(text)} has bits after its prefix, which do not count: it means ${prefixKey(prefix)}`);
  }
  return prefix;
}

/** All bits from `length` on become those of `value`, which is 0 or 255. */
function setHostBits(bytes: Uint8Array, length: number, value: 0 | 0xff): void {
  for (let bit = length; bit < addressSize * 8; ) {
    const byte = bit >> 3;
    const mask = 0xff >> (bit & 7);
    bytes[byte] = ((bytes[byte] ?? 0) & ~mask) | (value & mask);
    bit = (byte + 1) * 8;
  }
}
