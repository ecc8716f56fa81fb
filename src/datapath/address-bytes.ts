/** Addresses between their text and the kernel's 16 bytes (IPv4 as ::ffff:a.b.c.d, RFC 4291 section 2.5.5.2). */

import { isIPv4, isIPv6 } from 'node:net';
import type { Address, Prefix } from '../identity/identity.ts';

export const addressSize = 16;

/** @throws {RangeError} when `address` is neither IPv4 nor IPv6. */
export function writeAddress(address: string, into: Uint8Array, offset: number): void {
  if (isIPv4(address)) {
    into.fill(0, offset, offset + 10);
    into[offset + 10] = 0xff;
    into[offset + 11] = 0xff;
    writeIPv4(address, into, offset + 12);
  } else if (isIPv6(address)) {
    writeIPv6(address, into, offset);
  } else {
    throw new RangeError(`${address} is not an IP address`);
  }
}

function writeIPv4(address: string, into: Uint8Array, offset: number): void {
  const parts = address.split('.');
  for (let i = 0; i < 4; i++) into[offset + i] = Number(parts[i]);
}

function writeIPv6(address: string, into: Uint8Array, offset: number): void {
  const view = new DataView(into.buffer, into.byteOffset + offset, addressSize);
  const [head = '', tail] = address.replace(/%.*$/, '').split('::');
  const left = groupsOf(head);
  const right = tail === undefined ? [] : groupsOf(tail);
  for (let i = 0; i < 8; i++) {
    view.setUint16(i * 2, left[i] ?? right[i - (8 - right.length)] ?? 0);
  }
}

/** Groups of one half; a dotted quad at its end makes two. */
function groupsOf(half: string): number[] {
  if (half === '') return [];
  return half.split(':').flatMap((group) => {
    if (!group.includes('.')) return [Number.parseInt(group, 16)];
    const quad = new Uint8Array(4);
    writeIPv4(group, quad, 0);
    return [((quad[0] ?? 0) << 8) | (quad[1] ?? 0), ((quad[2] ?? 0) << 8) | (quad[3] ?? 0)];
  });
}

/** RFC 5952 form. */
export function readAddress(bytes: Uint8Array, offset: number): Address {
  const groups: number[] = [];
  for (let i = 0; i < 8; i++) groups.push(((bytes[offset + i * 2] ?? 0) << 8) | (bytes[offset + i * 2 + 1] ?? 0));
  if (groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff) {
    return Array.from(bytes.subarray(offset + 12, offset + 16)).join('.') as Address;
  }
  const [start, length] = longestZeros(groups);
  if (length < 2) return groups.map((group) => group.toString(16)).join(':') as Address;
  const left = groups.slice(0, start).map((group) => group.toString(16));
  const right = groups.slice(start + length).map((group) => group.toString(16));
  return `${left.join(':')}::${right.join(':')}` as Address;
}

function longestZeros(groups: readonly number[]): [start: number, length: number] {
  let best: [number, number] = [0, 0];
  for (let start = 0; start < groups.length; start++) {
    let length = 0;
    while (groups[start + length] === 0) length++;
    if (length > best[1]) best = [start, length];
  }
  return best;
}

/** A prefix's length within the 128 bits of the kernel's form. */
export function mappedLength(prefix: Prefix): number {
  return isIPv4(prefix.address) ? prefix.length + 96 : prefix.length;
}
