/** A set of bytes as one 256-bit number: bit b stands for byte b. Immutable, comparable by `===`, usable as a key. */
export type ByteSet = bigint;

export const NONE: ByteSet = 0n;
export const ASCII: ByteSet = (1n << 128n) - 1n;

const singles: readonly ByteSet[] = Array.from({ length: 256 }, (_, byte) => 1n << BigInt(byte));

export function single(byte: number): ByteSet {
  return singles[byte] ?? NONE;
}

/** Both ends included. */
export function range(first: number, last: number): ByteSet {
  return first > last ? NONE : ((1n << BigInt(last - first + 1)) - 1n) << BigInt(first);
}

export function ofText(text: string): ByteSet {
  let set = NONE;
  for (let at = 0; at < text.length; at++) set |= single(text.charCodeAt(at));
  return set;
}

export const UPPER = range(0x41, 0x5a);
export const LOWER = range(0x61, 0x7a);
export const DIGITS = range(0x30, 0x39);
export const ALPHANUMERIC = UPPER | LOWER | DIGITS;

/** The same letters in both cases. */
export function bothCases(set: ByteSet): ByteSet {
  return set | ((set & UPPER) << 32n) | ((set & LOWER) >> 32n);
}

export function bytesOf(set: ByteSet): number[] {
  const bytes: number[] = [];
  for (let byte = 0; byte < 256; byte++) if ((set & single(byte)) !== NONE) bytes.push(byte);
  return bytes;
}
