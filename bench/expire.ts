/**
 * What forgetting connections takes with a full table: the program `expire` over so many that remain, in the agent's slices.
 * A slice is one read of the table and the questions about what it had, each a stop of its own: other threads wait for no more
 * than one. No traffic and no agent. Each figure is of the fastest of ten ways through the table, so other work on the machine matters little.
 *
 *     scripts/node bench/expire.ts [--connections 10000]
 */

import { parseArgs } from 'node:util';
import { conn, conn_state, flow_key } from '../src/datapath/abi.generated.ts';
import { forget } from '../src/datapath/expiry.ts';
import { limits } from '../src/limits.ts';
import { loopback } from '../test/bpf/bench-tap.ts';
import { judgeBench } from '../test/bpf/judge-bench.ts';

const { values: options } = parseArgs({ options: { connections: { type: 'string', default: '10000' } } });

using bench = judgeBench();
const program = bench.expiry;
const table = bench.map('connections');
const open = Buffer.alloc(conn.size);
open.writeBigUInt64LE(process.hrtime.bigint(), conn.last_seen.offset);
open.writeUInt32LE(loopback, conn.ifindex.offset);
open.writeUInt8(conn_state.established, conn.state.offset);
table.putBatch(
  Array.from({ length: Number(options.connections) }, (_, number) => {
    const key = Buffer.alloc(flow_key.size);
    key.writeUInt32LE(number, flow_key.client.offset);
    key.writeUInt8(6, flow_key.protocol.offset);
    return [key, open] as const;
  }),
);

const ways = Array.from({ length: 10 }, () => {
  const slices: number[] = [];
  let forgotten = 0;
  let begun = performance.now();
  for (const keys of table.keySlices(limits.expireSlice)) {
    forgotten += forget(program, keys);
    slices.push((performance.now() - begun) * 1000);
    begun = performance.now();
  }
  return { forgotten, total: slices.reduce((sum, each) => sum + each, 0), slices: slices.sort((a, b) => a - b) };
}).sort((a, b) => a.total - b.total);

const [fastest] = ways;
if (fastest) {
  const { forgotten, total, slices } = fastest;
  const at = (share: number): string => (slices[Math.floor((slices.length - 1) * share)] ?? 0).toFixed(0);
  process.stdout.write(
    `${options.connections} connections, ${forgotten} forgotten: ${(total / 1000).toFixed(2)} ms in ${slices.length} slices, ` +
      `p50 ${at(0.5)} µs, longest ${at(1)} µs\n`,
  );
}
