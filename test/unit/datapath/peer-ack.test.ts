import assert from 'node:assert/strict';
import { test } from 'node:test';
import { flow_key } from '../../../src/datapath/abi.generated.ts';
import { writeFlowKey } from '../../../src/datapath/flow-key.ts';
import { peerAck } from '../../../src/datapath/peer-ack.ts';
import type { Stream, StreamSide } from '../../../src/datapath/stream.ts';
import { frame } from '../../bpf/packet.ts';

const mac = Buffer.from('0a0b0c0d0e0f', 'hex');
const side = (next: number, timestamp: number, window: number): StreamSide => ({
  next,
  acked: next,
  timestamp,
  window,
  mss: 1460,
  scale: 7,
  options: 7,
  fin: 0,
});
const stream: Stream = {
  mode: 2,
  doubt: 1,
  waiting: false,
  generation: 1n,
  client: side(1000, 70_000, 501),
  server: side(2 ** 32 - 1, 5, 502),
  bodyLeft: 0n,
  endpoint: 1,
  peer: 2,
  returns: 0,
  clientRtt: 40_001,
  serverRtt: 5_900,
};

function timestamps(value: number, echo: number): Buffer {
  const option = Buffer.from('0101080a0000000000000000', 'hex');
  option.writeUInt32BE(value, 4);
  option.writeUInt32BE(echo, 8);
  return option;
}

for (const [name, client, server] of [
  ['IPv4', '10.0.0.1', '10.0.0.2'],
  ['IPv6', 'fd00::1', 'fd00::2'],
] as const) {
  test(`${name}: each end acknowledges, and echoes the clock of a round trip ago`, () => {
    const key = Buffer.alloc(flow_key.size);
    const ends = { client: { address: client, port: 40_000 }, server: { address: server, port: 80 } };
    writeFlowKey({ direction: 'ingress', protocol: 6, ...ends }, key);
    const common = { flags: 'A', payload: '' };
    const expected = [
      frame({
        ...common,
        source: client,
        destination: server,
        sourcePort: 40_000,
        destinationPort: 80,
        sequence: 1000,
        acknowledgement: 2 ** 32 - 1,
        window: 501,
        tcpOptions: timestamps(70_000, (6 - 41) >>> 0),
      }),
      frame({
        ...common,
        source: server,
        destination: client,
        sourcePort: 80,
        destinationPort: 40_000,
        sequence: 2 ** 32 - 1,
        acknowledgement: 1000,
        window: 502,
        tcpOptions: timestamps(5, 70_001 - 6),
      }),
    ];
    const made = [peerAck(key, stream, true, mac), peerAck(key, stream, false, mac)];
    const ip = 14;
    const segment = name === 'IPv4' ? ip + 20 : ip + 40;
    for (const [i, one] of made.entries()) {
      const other = expected[i] ?? Buffer.alloc(0);
      assert.deepEqual(one.subarray(0, 6), mac);
      // What a frame of the test's own has: neither checksums nor a hop limit that matters.
      const bare = (bytes: Buffer): Buffer => {
        const copy = Buffer.from(bytes);
        copy.fill(0, 0, 12);
        copy.fill(0, segment + 16, segment + 18);
        if (name === 'IPv4') copy.fill(0, ip + 4, ip + 9).fill(0, ip + 10, ip + 12);
        else copy.fill(0, ip + 7, ip + 8);
        return copy;
      };
      assert.equal(bare(one).toString('hex'), bare(other).toString('hex'));
    }
  });
}
