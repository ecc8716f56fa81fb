/** Where a judged connection begins and ends, and what is diverted from its SYN on. */

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { stream, stream_mode } from '../../src/datapath/abi.generated.ts';
import { get, judgeBench } from './judge-bench.ts';
import { JudgedConnection, linuxOptions } from './judged-connection.ts';

const bench = judgeBench();
after(() => bench[Symbol.dispose]());

const passed = 'pass judged';
const ok = get('/ok');

function opened(): JudgedConnection {
  const connection = new JudgedConnection(bench);
  assert.deepEqual(connection.open(), [passed, passed, passed]);
  return connection;
}

test('options of SYN and SYN-ACK are kept', () => {
  const connection = opened();
  const { mss, scale, options, timestamp } = connection.side('client');
  assert.deepEqual({ mss, scale, options, timestamp }, { mss: 1460, scale: 7, options: 7, timestamp: 1 });
  const times = Buffer.from('0101080a0000aabb00000001', 'hex');
  connection.client({ tcpOptions: times, window: 321 });
  assert.equal(connection.side('client').timestamp, 0xaabb);
  assert.equal(connection.side('client').window, 321);
});

test('round trips are those of the handshake, unless a part of it was sent again', () => {
  const trips = (connection: JudgedConnection): readonly boolean[] =>
    [stream.server_rtt, stream.client_rtt].map(({ offset }) => (connection.stream?.readUInt32LE(offset) ?? 0) > 0);
  assert.deepEqual(trips(opened()), [true, true]);
  const asksAgain = new JudgedConnection(bench);
  asksAgain.client({ flags: 'S', at: -1, tcpOptions: linuxOptions });
  asksAgain.open();
  assert.deepEqual(trips(asksAgain), [false, true]);
  const answersAgain = new JudgedConnection(bench);
  answersAgain.client({ flags: 'S', at: -1, tcpOptions: linuxOptions });
  answersAgain.server({ flags: 'SA', at: -1, tcpOptions: linuxOptions });
  answersAgain.server({ flags: 'SA', at: -1, tcpOptions: linuxOptions });
  answersAgain.client({});
  assert.deepEqual(trips(answersAgain), [true, false]);
});

test('a connection without options is judged too', () => {
  const connection = new JudgedConnection(bench);
  assert.deepEqual(connection.open(Buffer.alloc(0)), [passed, passed, passed]);
  const { mss, scale, options } = connection.side('server');
  assert.deepEqual({ mss, scale, options }, { mss: 536, scale: 0, options: 0 });
  assert.equal(connection.client({ payload: ok }), passed);
});

test('nothing passes on a SYN alone, nor on an answer to another one', () => {
  const connection = new JudgedConnection(bench);
  assert.equal(connection.client({ flags: 'S', at: -1 }), passed);
  assert.equal(connection.client({ payload: ok }), 'drop stream');
  assert.equal(connection.server({ payload: 'x' }), 'drop stream');
  assert.equal(connection.server({ flags: 'SA', at: -1, ack: 1 }), 'drop stream');
  assert.equal(connection.client({ payload: ok }), 'drop stream');
  assert.equal(connection.server({ flags: 'SA', at: -1 }), passed);
  assert.equal(connection.client({ payload: ok }), passed);
});

for (const [name, part] of [
  ['data', { payload: ok }],
  ['MPTCP', { tcpOptions: Buffer.from('1e0c00810000000000000000', 'hex') }],
  ['MD5', { tcpOptions: Buffer.from(`1312${'00'.repeat(16)}0101`, 'hex') }],
  ['AO', { tcpOptions: Buffer.from(`1d10${'00'.repeat(14)}`, 'hex') }],
  ['an option that runs out of the header', { tcpOptions: Buffer.from('0101020a', 'hex') }],
  ['urgent data', { flags: 'SU' }],
] as const) {
  test(`a SYN with ${name} is diverted`, () => {
    const connection = new JudgedConnection(bench);
    const tcpOptions = 'tcpOptions' in part ? part.tcpOptions : linuxOptions;
    assert.equal(connection.client({ flags: 'S', at: -1, ...part, tcpOptions }), 'redirect diverted');
    assert.equal(connection.stream, undefined);
    assert.equal(connection.server({ flags: 'SA', at: -1 }), 'redirect diverted');
  });
}

test('IP options and fragments are dropped on an open connection', () => {
  const connection = opened();
  assert.equal(connection.client({ payload: ok, options: true }), 'drop ip-options');
  assert.equal(connection.client({ payload: ok, fragment: { offset: 0, more: true, id: 1 } }), 'drop fragment');
  assert.equal(connection.client({ payload: ok }), passed);
});

test('a full table of streams diverts new connections from their SYN on', () => {
  using small = judgeBench({ maxStreams: 2 });
  const outcomes = new Set<string>();
  for (let i = 0; i < 400; i++) outcomes.add(new JudgedConnection(small).client({ flags: 'S', at: -1 }));
  assert.ok(outcomes.delete(passed));
  assert.deepEqual(
    [...outcomes].map((outcome) => outcome.split(' ').sort()),
    [['diverted', 'redirect', 'untracked']],
  );
});

test('a head that the smaller of both segment sizes would split is held', () => {
  const small = Buffer.from('02040218', 'hex'); // 536
  const head = get('/ok', `X-Pad: ${'a'.repeat(500)}`);
  for (const [client, server] of [
    [small, linuxOptions],
    [linuxOptions, small],
  ] as const) {
    const connection = new JudgedConnection(bench);
    connection.client({ flags: 'S', at: -1, tcpOptions: client });
    connection.server({ flags: 'SA', at: -1, tcpOptions: server });
    assert.equal(connection.client({ payload: head }), 'drop held');
  }
});

test('later SYNs change nothing until the server answers them', () => {
  const connection = opened();
  assert.equal(connection.client({ payload: ok }), passed);
  connection.server({ ack: ok.length });
  assert.equal(connection.client({ flags: 'S', at: 7000 }), passed, 'the server will challenge it');
  assert.equal(connection.client({ at: 7001, payload: ok }), 'drop beyond');
  assert.equal(connection.client({ at: ok.length, payload: ok }), passed);
  assert.equal(connection.client({ flags: 'S', at: -1, payload: 'x' }), 'drop stream');
  assert.equal(connection.client({ flags: 'SA', at: -1 }), 'drop stream', 'split handshake');
  assert.equal(connection.server({ flags: 'S', at: -1 }), 'drop stream', 'simultaneous open');
});

test('the server forgot the connection: with its new SYN-ACK the old bytes count for nothing', () => {
  const connection = opened();
  assert.equal(connection.client({ payload: ok }), passed);
  connection.server({ ack: ok.length });
  connection.clientIsn = 99000;
  assert.equal(connection.client({ flags: 'S', at: -1, tcpOptions: linuxOptions }), passed);
  assert.equal(connection.server({ flags: 'SA', at: -1, tcpOptions: linuxOptions }), passed);
  assert.notEqual(connection.client({ payload: get('/no') }), passed);
});

test('the SYN of an open connection does not pass again once its data is acknowledged', () => {
  const connection = opened();
  assert.equal(connection.client({ payload: ok }), passed);
  assert.equal(connection.client({ flags: 'S', at: -1, tcpOptions: linuxOptions }), passed);
  connection.server({ ack: ok.length });
  assert.equal(connection.client({ flags: 'S', at: -1, tcpOptions: linuxOptions }), 'drop stream');
});

test('a SYN-ACK again, after a SYN again, changes nothing', () => {
  const connection = new JudgedConnection(bench);
  connection.client({ flags: 'S', at: -1 });
  connection.server({ flags: 'SA', at: -1 });
  connection.client({ flags: 'S', at: -1 });
  assert.equal(connection.client({ payload: ok }), passed);
  assert.equal(connection.server({ flags: 'SA', at: -1 }), passed);
  assert.equal(connection.client({ payload: get('/no') }), 'drop mismatch');
  connection.server({ ack: ok.length });
  assert.equal(connection.client({ at: ok.length, payload: ok }), passed);
});

test('a late double of the SYN-ACK begins nothing anew', () => {
  const connection = opened();
  assert.equal(connection.client({ flags: 'S', at: -1, tcpOptions: linuxOptions }), passed, 'a double of the SYN');
  connection.client({ payload: ok });
  connection.server({ payload: 'x', ack: ok.length });
  assert.equal(connection.server({ flags: 'SA', at: -1, tcpOptions: linuxOptions }), 'drop stream');
  assert.equal(connection.mode, stream_mode.judged);
  assert.equal(connection.side('client').next, connection.clientIsn + 1 + ok.length);
  assert.equal(connection.client({ at: ok.length, ack: 1, payload: ok }), passed);
});

test('the window of a SYN-ACK is not scaled, what is kept of it is', () => {
  const unscaled = new JudgedConnection(bench);
  unscaled.client({ flags: 'S', at: -1, tcpOptions: linuxOptions });
  unscaled.server({ flags: 'SA', at: -1, window: 65160 });
  assert.equal(unscaled.side('server').window, 65160);
  const scaled = new JudgedConnection(bench);
  scaled.client({ flags: 'S', at: -1, tcpOptions: linuxOptions });
  scaled.server({ flags: 'SA', at: -1, tcpOptions: linuxOptions, window: 65160 });
  assert.equal(scaled.side('server').window, 65160 >> 7);
  scaled.client({ at: 0, window: 502 });
  assert.equal(scaled.side('client').window, 502);
});

test('a double of the SYN that another CPU takes for the first begins nothing anew', () => {
  const connection = new JudgedConnection(bench);
  const syn = { flags: 'S', at: -1, tcpOptions: linuxOptions };
  assert.equal(connection.client(syn), passed);
  connection.server({ flags: 'SA', at: -1, tcpOptions: linuxOptions });
  // It looked for the connection before the first had put it into the table.
  bench.map('connections').delete(connection.key);
  assert.equal(connection.client(syn), passed);
  assert.equal(connection.mode, stream_mode.judged);
  assert.equal(connection.client({ payload: ok }), passed);
});

test('ports are used again after a close', () => {
  const connection = opened();
  connection.client({ payload: ok, flags: 'FA' });
  connection.server({ ack: ok.length + 1, flags: 'FA' });
  connection.client({ at: ok.length + 1, ack: 1 });
  assert.equal(connection.mode, stream_mode.opening);
  assert.equal(connection.client({ at: ok.length + 1, ack: 1, payload: ok }), 'drop stream');
  const { generation } = connection;
  connection.clientIsn = 777_777;
  connection.serverIsn = 888_888;
  assert.deepEqual(connection.open(), [passed, passed, passed]);
  assert.notEqual(connection.generation, generation);
  assert.equal(connection.client({ payload: ok }), passed);
});

test('an RST ends the stream only with numbers that its receiver believes', () => {
  const wrong = opened();
  assert.equal(wrong.client({ flags: 'R', at: -2 }), 'drop stream');
  assert.equal(wrong.client({ flags: 'R', at: 2 ** 31 }), 'drop stream');
  assert.equal(wrong.server({ flags: 'RA', at: -2 }), 'drop stream');
  assert.equal(wrong.server({ flags: 'RA', at: 5 }), passed, 'in the window: the client will challenge it');
  assert.equal(wrong.client({ payload: ok }), passed);
  for (const at of [0, 5, 60000]) {
    const right = opened();
    assert.equal(right.client({ flags: 'R', at }), passed);
    assert.equal(right.mode, stream_mode.opening);
    assert.equal(right.client({ payload: ok }), 'drop stream', `${at}`);
  }
  const byServer = opened();
  assert.equal(byServer.server({ flags: 'RA', at: 0 }), passed);
  assert.equal(byServer.client({ payload: ok }), 'drop stream');
});

test('a FIN counts only at the end of what passed', () => {
  const connection = opened();
  assert.equal(connection.client({ flags: 'FA', at: 5 }), 'drop beyond');
  assert.equal(connection.client({ payload: ok }), passed);
  assert.equal(connection.client({ flags: 'FA', at: 0 }), 'drop stream');
  assert.equal(connection.client({ flags: 'FA', payload: ok.slice(0, 5) }), 'drop stream');
  assert.equal(connection.side('client').fin, 0);
  assert.equal(connection.client({ flags: 'FA', at: ok.length }), passed);
  assert.equal(connection.side('client').fin, 1);
  assert.equal(connection.client({ flags: 'FA', at: ok.length }), passed, 'again');
  assert.equal(connection.client({ flags: 'FA', payload: ok }), passed, 'with what came before it');
});

test('urgent data is held, flags that no receiver takes are dropped', () => {
  const connection = opened();
  assert.equal(connection.client({ flags: '', payload: ok }), 'drop stream');
  assert.equal(connection.client({ flags: 'P', payload: ok }), 'drop stream');
  assert.equal(connection.client({ flags: 'RA', payload: ok }), 'drop stream');
  assert.equal(connection.client({ flags: 'UA', payload: ok }), 'drop held');
});
