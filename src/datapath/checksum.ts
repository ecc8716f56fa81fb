/** The Internet's checksum (RFC 1071). */

/** Without the carries: 64 KiB add up to less than 2³². */
export function sumOf(bytes: Buffer): number {
  let sum = 0;
  const even = bytes.length & ~1;
  for (let at = 0; at < even; at += 2) sum += bytes.readUInt16BE(at);
  return bytes.length & 1 ? sum + bytes.readUInt8(even) * 256 : sum;
}

export function checksumOf(sum: number): number {
  let rest = sum;
  while (rest > 0xffff) rest = (rest & 0xffff) + Math.floor(rest / 0x10000);
  return ~rest & 0xffff;
}
