/** What the agent sees of judged connections and asks of them: holds, steering, records, counters. */

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { RingBuffer } from '../../native/index.ts';
import {
  command,
  doubt,
  judged_request,
  judged_response,
  loss,
  record_kind,
  rule_counter,
  rule_key,
  steered,
  stream_mode,
  takeover,
} from '../../src/datapath/abi.generated.ts';
import { heldFrame } from '../../src/datapath/held-frame.ts';
import { u32 } from '../../src/datapath/kernel-maps.ts';
import { get, judgeBench, post, rules } from './judge-bench.ts';
import { ipv6, JudgedConnection } from './judged-connection.ts';

const bench = judgeBench();
after(() => bench[Symbol.dispose]());

const passed = 'pass judged';
const held = 'drop held';
const ok = get('/ok/one?x=1', 'User-Agent: t');
const no = get('/no');
const answer = 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n';

function opened(): JudgedConnection {
  const connection = new JudgedConnection(bench);
  assert.deepEqual(connection.open(), [passed, passed, passed]);
  return connection;
}

function drain(map: string): Buffer[] {
  const all: Buffer[] = [];
  using ring = new RingBuffer(bench.map(map), (records) => all.push(...records));
  ring.unref();
  while (ring.consume() > 0);
  return all;
}

function total(map: string, key: Buffer, field: { readonly offset: number }, size: number): number {
  const values = bench.map(map).get(key);
  let sum = 0;
  for (let at = 0; values && at < values.length; at += size) sum += Number(values.readBigUInt64LE(at + field.offset));
  return sum;
}

test('a hold is told once, with the connection and the doubt', () => {
  drain('takeovers');
  const connection = opened();
  assert.equal(connection.client({ payload: no }), held);
  assert.equal(connection.client({ payload: no }), held);
  const [record, ...more] = drain('takeovers');
  assert.ok(record);
  assert.equal(more.length, 0, 'again only after a pause');
  assert.equal(record.readBigUInt64LE(takeover.generation.offset), connection.generation);
  assert.deepEqual(record.subarray(takeover.flow.offset, takeover.flow.offset + takeover.flow.size), connection.key);
  assert.equal(heldFrame(record)?.frame.subarray(-no.length).toString(), no);
  assert.equal(record.readUInt8(takeover.doubt.offset), doubt.refused);
});

test('all that comes of a held connection is told', () => {
  const connection = opened();
  connection.client({ payload: ok });
  connection.server({ payload: answer, ack: ok.length });
  drain('takeovers');
  const [start, ack] = [ok.length, answer.length];
  const parts = ['a'.repeat(10), 'b'.repeat(3000), 'c'.repeat(5)] as const;
  assert.equal(connection.client({ at: start, ack, payload: parts[0] }), held);
  assert.equal(connection.client({ at: start + 10, ack, payload: parts[1] }), held);
  assert.equal(connection.client({ at: start + 10, ack, payload: parts[1] }), held, 'a double');
  assert.equal(connection.client({ at: start + 3010, ack, payload: parts[2], flags: 'FA' }), held);
  assert.equal(connection.server({ at: ack, ack: start, payload: 'more' }), held);
  assert.equal(connection.server({ at: ack - 5, ack: start, payload: 'old' }), passed);
  const frames = new Map<string, boolean>();
  // A double is told again if it comes after the pause.
  for (const held of drain('takeovers').map(heldFrame))
    if (held) frames.set(held.frame.toString('latin1'), held.fromClient);
  assert.deepEqual([...frames.values()], [true, true, true, false]);
  const told = [...frames.keys()];
  for (const [index, part] of [...parts, 'more'].entries()) assert.ok(told[index]?.endsWith(part), `${index}`);
});

test('held, diverted, given back, judged on', () => {
  const connection = opened();
  assert.equal(connection.steer(command.divert), steered.wrong_mode);
  assert.equal(connection.client({ payload: ok }), passed);
  assert.equal(connection.server({ payload: answer, ack: ok.length }), passed);
  assert.equal(connection.client({ at: ok.length, ack: answer.length, payload: no }), held);
  assert.equal(connection.side('server').acked, connection.side('server').next, 'the held segment acknowledged it');
  assert.equal(connection.steer(command.divert, { generation: connection.generation + 1n }), steered.replaced);
  assert.equal(connection.steer(command.divert), steered.done);
  assert.equal(connection.client({ at: ok.length, payload: no }), 'redirect diverted');
  assert.equal(connection.server({ at: answer.length, payload: 'x' }), 'redirect diverted');
  const next = { clientNext: ok.length + no.length, serverNext: answer.length + 100 };
  assert.equal(connection.steer(command.give_back, next), steered.wrong_mode, 'not before it was offered');
  assert.equal(connection.steer(command.offer), steered.done);
  assert.equal(connection.steer(command.give_back, next), steered.done);
  assert.equal(connection.client({ at: ok.length, payload: no }), passed, 'acknowledged');
  assert.equal(connection.client({ at: next.clientNext - 1, payload: no }), 'drop mismatch');
  assert.equal(connection.client({ at: next.clientNext, payload: ok, ack: next.serverNext }), passed);
  assert.equal(connection.server({ at: next.serverNext, payload: answer, ack: next.clientNext + ok.length }), passed);
});

test('frozen on request and thawed, nothing is lost', () => {
  const connection = opened();
  assert.equal(connection.steer(command.freeze), steered.done);
  assert.equal(connection.doubt, doubt.asked);
  assert.equal(connection.client({ payload: ok }), held);
  assert.equal(connection.server({ payload: answer }), held);
  assert.equal(connection.client({ flags: 'FA' }), held);
  assert.equal(connection.server({ flags: 'FA' }), held);
  assert.equal(connection.client({ flags: 'S', at: -1 }), held);
  assert.equal(connection.steer(command.thaw), steered.done);
  assert.equal(connection.client({ payload: ok }), passed);
});

test('an abandoned connection passes nothing more', () => {
  const connection = opened();
  assert.equal(connection.steer(command.abandon), steered.done);
  assert.equal(connection.mode, stream_mode.opening);
  assert.equal(connection.client({ payload: ok }), 'drop stream');
  assert.equal(connection.server({ payload: answer }), 'drop stream');
});

test('what the proxy sends goes out for a connection that was taken over, and only then', () => {
  const connection = opened();
  const { segment } = connection;
  assert.deepEqual(bench.fromProxy('egress', segment).reasons, ['no-connection']);
  connection.client({ payload: no });
  assert.deepEqual(bench.fromProxy('egress', segment).reasons, ['no-connection']);
  connection.steer(command.divert);
  assert.equal(bench.fromProxy('egress', segment).action, 'redirect');
});

test('unknown connections are not steered', () => {
  const connection = new JudgedConnection(bench, { family: ipv6 });
  assert.equal(connection.steer(command.freeze, { generation: 1n }), steered.unknown);
  const open = opened();
  assert.equal(open.steer(77), steered.malformed);
});

test('requests and responses are told and counted', () => {
  drain('requests');
  const connection = opened();
  const key = Buffer.alloc(rule_key.size);
  key.writeUInt32LE(rules.id, rule_key.rule_set.offset);
  const requests = (): number => total('rule_counters', key, rule_counter.requests, rule_counter.size);
  const of2xx = { offset: rule_counter.responses.offset + 2 * 8 };
  const responses = (): number => total('rule_counters', key, of2xx, rule_counter.size);
  const before = [requests(), responses()];
  connection.client({ payload: ok });
  const early = 'HTTP/1.1 103 Early Hints\r\n\r\n';
  connection.server({ payload: early, ack: ok.length });
  connection.server({ at: early.length, payload: answer, ack: ok.length });
  connection.server({ at: early.length + answer.length, payload: 'more', ack: ok.length });
  const [request, response, ...more] = drain('requests');
  assert.ok(request && response);
  assert.equal(more.length, 0);
  assert.equal(request.readUInt32LE(judged_request.kind.offset), record_kind.request);
  assert.deepEqual(text(request, judged_request.method, judged_request.method_length), 'GET');
  assert.deepEqual(text(request, judged_request.target, judged_request.target_length), '/ok/one?x=1');
  assert.deepEqual(text(request, judged_request.host, judged_request.host_length), 'origin');
  assert.equal(request.readUInt32LE(judged_request.rule.offset), 0);
  assert.equal(request.readUInt32LE(judged_request.rule_set.offset), rules.id);
  assert.equal(request.readUInt16LE(judged_request.head_length.offset), ok.length);
  assert.equal(request.readUInt32LE(judged_request.request.offset), 1);
  assert.equal(response.readUInt32LE(judged_response.kind.offset), record_kind.response);
  assert.equal(response.readUInt32LE(judged_response.status.offset), 200);
  assert.equal(response.readUInt32LE(judged_response.request.offset), 1);
  assert.ok(response.readBigUInt64LE(judged_response.latency.offset) < 10_000_000_000n);
  assert.deepEqual([requests(), responses()], [(before[0] ?? 0) + 1, (before[1] ?? 0) + 1]);
});

test('a response that can not be told has status 0', () => {
  drain('requests');
  const connection = opened();
  connection.client({ payload: ok });
  connection.server({ payload: 'HTTP/1', ack: ok.length });
  connection.client({ at: ok.length, payload: ok });
  connection.server({ ack: 2 * ok.length });
  connection.client({ at: 2 * ok.length, payload: post(0) });
  const kinds = drain('requests').map((record) => {
    const isRequest = record.readUInt32LE(judged_request.kind.offset) === record_kind.request;
    return isRequest
      ? `request ${record.readUInt32LE(judged_request.request.offset)}`
      : `response ${record.readUInt32LE(judged_response.request.offset)}: ${record.readUInt32LE(judged_response.status.offset)}`;
  });
  assert.deepEqual(kinds, ['request 1', 'response 1: 0', 'request 2', 'response 2: 0', 'request 3']);
});

test('all requests are told as long as the ring is read soon', () => {
  const recorded = (count: number): number => {
    drain('requests');
    const connection = opened();
    connection.counted = false;
    for (let i = 0; i < count; i++) {
      connection.client({ at: i * ok.length, ack: i * answer.length, payload: ok });
      connection.server({ at: i * answer.length, ack: (i + 1) * ok.length, payload: answer });
    }
    return drain('requests').length;
  };
  assert.equal(recorded(300), 2 * 300);
  const sampled = recorded(600);
  assert.ok(sampled > 2 * 300 && sampled < 2 * 400, `${sampled} records of 600 requests and their responses`);
});

test('a full ring samples, and counts exactly what it leaves out', () => {
  drain('requests');
  const lost = (slot: number): number => total('lost_events', u32(slot), { offset: 0 }, 8);
  const before = lost(loss.sampled) + lost(loss.requests);
  const connection = opened();
  const count = 9000;
  connection.counted = false;
  for (let i = 0; i < count; i++) {
    connection.client({ at: i * ok.length, ack: i * answer.length, payload: ok });
    connection.server({ at: i * answer.length, ack: (i + 1) * ok.length, payload: answer });
  }
  const left = lost(loss.sampled) + lost(loss.requests) - before;
  assert.ok(left > 0);
  assert.equal(drain('requests').length + left, 2 * count);
});

function text(record: Buffer, field: { readonly offset: number }, length: { readonly offset: number }): string {
  return record.toString('latin1', field.offset, field.offset + record.readUInt16LE(length.offset));
}
