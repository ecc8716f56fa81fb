import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bringUpToDate } from '../../../src/datapath/held-frame.ts';
import { frame } from '../../bpf/packet.ts';

const mac = Buffer.from('0a0b0c0d0e0f', 'hex');

/** RFC 1071: with the checksum in its place the sum is all ones. */
function sum(...parts: readonly Buffer[]): number {
  let total = 0;
  for (const part of parts) {
    const padded = Buffer.concat([part, Buffer.alloc(part.length % 2)]);
    for (let at = 0; at < padded.length; at += 2) total += padded.readUInt16BE(at);
  }
  while (total > 0xffff) total = (total & 0xffff) + Math.floor(total / 0x10000);
  return total;
}

for (const [name, source, destination, addresses, segment] of [
  ['IPv4', '10.0.0.1', '10.0.0.2', [26, 34], 34],
  ['IPv6', 'fd00::1', 'fd00::2', [22, 54], 54],
] as const) {
  for (const length of [0, 1, 10, 65_000]) {
    test(`${name}, ${length} bytes: a held frame arrives with the last window and a right checksum`, () => {
      const payload = Buffer.alloc(length, 0xff);
      const held = frame({ source, destination, payload, flags: 'A', sequence: 2 ** 32 - 1, sourcePort: 65535 });
      const trailer = Buffer.from('padding of the interface');
      const whole = Buffer.concat([held, trailer]);
      bringUpToDate(whole, mac, 0x1234);
      assert.equal(whole.readUInt16BE(segment + 14), 0x1234);
      assert.deepEqual(whole.subarray(0, 6), mac);
      const tcp = whole.subarray(segment, held.length);
      const pseudo = Buffer.alloc(4);
      pseudo.writeUInt16BE(6, 0);
      pseudo.writeUInt16BE(tcp.length, 2);
      assert.equal(sum(whole.subarray(...addresses), pseudo, tcp), 0xffff);
      assert.deepEqual(whole.subarray(held.length), trailer);
    });
  }
}
