/** Which connections are forgotten, out of a table that is walked in many slices. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { conn, conn_state, flow_key } from '../../src/datapath/abi.generated.ts';
import { loopback } from './bench-tap.ts';
import { judgeBench } from './judge-bench.ts';

const total = 3000;
const tcp = 6;
const goneTap = 999_999;

test('what ended or fell silent is forgotten, and what a tap left that is gone; all else remains', () => {
  using bench = judgeBench();
  const table = bench.map('connections');
  const keyOf = (number: number): Buffer => {
    const key = Buffer.alloc(flow_key.size);
    key.writeUInt32LE(number, flow_key.client.offset);
    key.writeUInt8(tcp, flow_key.protocol.offset);
    return key;
  };
  const connection = (state: number, silentSeconds: number, ifindex = loopback): Buffer => {
    const value = Buffer.alloc(conn.size);
    value.writeBigUInt64LE(process.hrtime.bigint() - BigInt(silentSeconds) * 1_000_000_000n, conn.last_seen.offset);
    value.writeUInt32LE(ifindex, conn.ifindex.offset);
    value.writeUInt8(state, conn.state.offset);
    return value;
  };
  const kinds = [
    { value: connection(conn_state.established, 3600), remains: true },
    { value: connection(conn_state.closed, 1), remains: true },
    { value: connection(conn_state.closed, 60), remains: false },
    { value: connection(conn_state.new, 150), remains: false },
    { value: connection(conn_state.established, 0, goneTap), remains: false },
  ] as const;
  const kindOf = (number: number): (typeof kinds)[number] => kinds[number % kinds.length] ?? kinds[0];
  const numbers = Array.from({ length: total }, (_, number) => number);
  table.putBatch(numbers.map((number) => [keyOf(number), kindOf(number).value] as const));
  assert.equal(bench.expire(), numbers.filter((number) => !kindOf(number).remains).length);
  for (const number of numbers) assert.equal(table.get(keyOf(number)) !== undefined, kindOf(number).remains);
  assert.equal(bench.expire(), 0);
});
