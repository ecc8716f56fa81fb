/**
 * What the judged path costs in the kernel: the run time of the tap's two programs on one connection, packet by packet
 * (BPF_PROG_TEST_RUN), and what loading them takes. No traffic and no agent. Each figure is the median and the tenth
 * percentile of many runs, so other work on the machine matters little; caches are warm, real traffic pays more.
 *
 *     scripts/node bench/judge-time.ts [--requests 20000]
 */

import { parseArgs } from 'node:util';
import { openObject, RingBuffer } from '../native/index.ts';
import { table } from '../src/cli/table.ts';
import type { TapBench } from '../test/bpf/bench-tap.ts';
import { get, judgeBench } from '../test/bpf/judge-bench.ts';
import { JudgedConnection, timestamps } from '../test/bpf/judged-connection.ts';

const { values: options } = parseArgs({ options: { requests: { type: 'string', default: '20000' } } });
const requests = Number(options.requests);
/** As short as wrk's, and as long as a browser's. */
const headBytes = [60, 600] as const;
const response = 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n'.padEnd(330, 'x');
const kinds = ['request', 'response', 'acknowledgement'] as const;
const programs = [
  'tap_from_endpoint',
  'tap_to_endpoint',
  'steer',
  'expire',
  'reinject_egress',
  'reinject_ingress',
  'lookup_egress',
  'lookup_ingress',
] as const;

type Times = Record<(typeof kinds)[number], number[]>;

function headOf(bytes: number): string {
  return get('/ok', `X-Padding: ${'p'.repeat(bytes - get('/ok', 'X-Padding: ').length)}`);
}

/** Nanoseconds of each packet. `recorded`: the ring of requests is kept empty, so that every request is recorded. */
function play(bench: TapBench, head: string, recorded: boolean): Times {
  const times: Times = { request: [], response: [], acknowledgement: [] };
  const connection = new JudgedConnection(bench);
  connection.open();
  using ring = new RingBuffer(bench.map('requests'), () => undefined);
  for (let i = 0; i < requests; i++) {
    const [at, ack] = [i * head.length, i * response.length];
    const [nextAt, nextAck] = [at + head.length, ack + response.length];
    const tcpOptions = timestamps(i + 1);
    if (recorded) while (ring.consume() > 0);
    times.request.push(connection.time(true, { at, ack, payload: head, tcpOptions }));
    times.response.push(connection.time(false, { at: ack, ack: nextAt, payload: response, tcpOptions }));
    times.acknowledgement.push(connection.time(true, { at: nextAt, ack: nextAck, tcpOptions }));
  }
  return times;
}

function quantile(values: readonly number[], share: number): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length * share)] ?? 0;
}

const rows: string[][] = [];
for (const bytes of headBytes) {
  for (const recorded of [false, true]) {
    using bench = judgeBench();
    const times = play(bench, headOf(bytes), recorded);
    const of = (share: number): string[] => {
      const [request, answer, acknowledgement] = kinds.map((kind) => quantile(times[kind], share));
      return [request, answer, acknowledgement, (request ?? 0) + (answer ?? 0)].map(String);
    };
    const name = `${bytes} bytes, ${recorded ? 'recorded' : 'by sample'}`;
    rows.push([name, 'p10', ...of(0.1)], [name, 'p50', ...of(0.5)]);
  }
}
process.stdout.write(`${table(['HEAD', 'ns', 'REQUEST', 'RESPONSE', 'ACK', 'REQUEST + RESPONSE'], rows)}\n`);

const object = openObject(new URL('../build/sluice.bpf.o', import.meta.url).pathname);
const before = performance.now();
object.load();
const took = performance.now() - before;
const verified = programs.map((name) => [name, String(object.program(name).info.verifiedInstructions)]);
process.stdout.write(`${table(['PROGRAM', 'VERIFIED INSTRUCTIONS'], verified)}\nloaded in ${took.toFixed(0)} ms\n`);
object.close();
