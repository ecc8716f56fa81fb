/** A connection's way back from the proxy: when the kernel judges it again, and what cancels that. */

import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { command, steered, stream, stream_mode } from '../../src/datapath/abi.generated.ts';
import { get, judgeBench } from './judge-bench.ts';
import { ipv4, ipv4Server, ipv6, JudgedConnection, timestamps } from './judged-connection.ts';

const bench = judgeBench();
after(() => bench[Symbol.dispose]());

const passed = 'pass judged';
const diverted = 'redirect diverted';
const spoke = 'redirect';
const reset = 'redirect reset';
const silent = 'drop no-connection';
const ok = get('/ok/one?x=1', 'User-Agent: t');
const no = get('/no');
const answer = 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n';
/** Where both streams stand once the proxy has passed one exchange. */
const at = { clientNext: ok.length, serverNext: answer.length };
const client = { at: at.clientNext, ack: at.serverNext };
const server = { at: at.serverNext, ack: at.clientNext };

function proxied(family = ipv4, tcpOptions?: Uint8Array): JudgedConnection {
  const connection = new JudgedConnection(bench, { family });
  connection.open(tcpOptions);
  assert.equal(connection.client({ payload: no }), 'drop held');
  assert.equal(connection.steer(command.divert), steered.done);
  return connection;
}

function returning(family = ipv4): JudgedConnection {
  const connection = proxied(family);
  assert.equal(connection.steer(command.offer), steered.done);
  assert.equal(connection.steer(command.give_back, { ...at, serverAcked: 0 }), steered.waits);
  return connection;
}

function isProxied(connection: JudgedConnection): void {
  assert.equal(connection.mode, stream_mode.diverted);
  assert.equal(connection.client({ ...client, payload: no }), diverted);
  assert.equal(connection.proxy('client', { ...client, payload: no }), spoke);
}

for (const [name, family] of Object.entries({ ipv4, ipv6, ipv4Server })) {
  describe(name, () => {
    test('all acknowledged: judged at once', () => {
      const connection = proxied(family);
      assert.equal(connection.steer(command.offer), steered.done);
      assert.equal(connection.steer(command.give_back, at), steered.done);
      assert.equal(connection.proxy('server', { at: 0, payload: answer }), silent);
      assert.equal(connection.client({ ...client, payload: ok }), passed);
      assert.equal(connection.server({ ...server, ack: at.clientNext + ok.length, payload: answer }), passed);
      const next = { at: at.clientNext + ok.length, ack: at.serverNext + answer.length };
      assert.equal(connection.client({ ...next, payload: no }), 'drop held', 'and taken over again');
      assert.equal(connection.steer(command.divert), steered.done);
      assert.equal(connection.stream?.readUInt32LE(stream.returns.offset), 1);
    });

    test('the client has not acknowledged: its next segment that does is judged', () => {
      for (const [payload, verdict] of [
        [ok, passed],
        [no, 'drop held'],
        ['', passed],
      ] as const) {
        const connection = returning(family);
        assert.equal(connection.proxy('server', { at: 0, ack: at.clientNext, payload: answer }), spoke, 'sent again');
        assert.equal(connection.server(server), diverted);
        assert.equal(connection.client({ ...client, ack: 0 }), diverted, 'an older acknowledgement');
        assert.equal(connection.mode, stream_mode.returning);
        assert.equal(connection.client({ ...client, payload }), verdict);
        assert.notEqual(connection.mode, stream_mode.diverted);
      }
    });
  });
}

test('offered: the proxy is silent, and a word of either end cancels', () => {
  const word: readonly [string, (connection: JudgedConnection) => string][] = [
    ['bytes of the client', (connection) => connection.client({ ...client, payload: ok })],
    ['old bytes of it', (connection) => connection.client({ payload: ok })],
    ['bytes of the server', (connection) => connection.server({ ...server, payload: 'x' })],
    ['an end', (connection) => connection.server({ ...server, flags: 'FA' })],
    ['a reset', (connection) => connection.client({ ...client, flags: 'R' })],
    ['a SYN', (connection) => connection.client({ at: -1, flags: 'S' })],
  ];
  for (const [what, say] of word) {
    const connection = proxied();
    connection.steer(command.offer);
    assert.equal(connection.proxy('client', client), silent);
    assert.equal(connection.proxy('server', { ...server, flags: 'FA' }), silent);
    assert.equal(connection.client(client), diverted);
    assert.equal(connection.mode, stream_mode.offered);
    assert.equal(say(connection), diverted, what);
    assert.equal(connection.steer(command.give_back, at), steered.wrong_mode);
    assert.equal(connection.mode, stream_mode.diverted);
  }
  const orphaned = proxied();
  orphaned.steer(command.offer);
  assert.equal(orphaned.proxy('client', { ...client, flags: 'RA' }), reset, 'the sockets of an agent that was killed');
  assert.equal(orphaned.proxy('server', { ...server, flags: 'RA' }), reset);
  assert.equal(orphaned.steer(command.give_back, at), steered.wrong_mode);
  const withdrawn = proxied();
  withdrawn.steer(command.offer);
  assert.equal(withdrawn.steer(command.divert), steered.done);
  isProxied(withdrawn);
});

test('returning: what the numbers do not count cancels', () => {
  const word: readonly [string, (connection: JudgedConnection) => string, string][] = [
    ['a request before the answer is acknowledged', (on) => on.client({ ...client, ack: 1, payload: ok }), diverted],
    ['a request beyond the next', (on) => on.client({ ...client, at: at.clientNext + 9, payload: ok }), diverted],
    ['the client ends', (on) => on.client({ ...client, flags: 'FA' }), diverted],
    ['the client resets', (on) => on.client({ ...client, flags: 'RA' }), diverted],
    ['the server speaks unasked', (on) => on.server({ ...server, payload: answer }), diverted],
    ['the server ends', (on) => on.server({ ...server, flags: 'FA' }), diverted],
    ['the server has more than it could', (on) => on.server({ ...server, ack: at.clientNext + 1 }), diverted],
    ['the proxy speaks to the server', (on) => on.proxy('client', { ...client, payload: ok }), spoke],
    ['the proxy speaks to the client', (on) => on.proxy('server', { ...server, payload: answer }), spoke],
    ['the proxy acknowledges more', (on) => on.proxy('server', { ...server, ack: at.clientNext + 9 }), spoke],
    ['the proxy ends', (on) => on.proxy('server', { ...server, flags: 'FA' }), spoke],
    ['the proxy resets', (on) => on.proxy('server', { ...server, flags: 'RA' }), reset],
  ];
  for (const [what, say, outcome] of word) {
    const connection = returning();
    assert.equal(say(connection), outcome, what);
    isProxied(connection);
  }
});

test('what was acknowledged before may come again and changes nothing', () => {
  const connection = returning();
  assert.equal(connection.client({ payload: ok, ack: 0 }), diverted);
  assert.equal(connection.server({ payload: answer }), diverted);
  assert.equal(connection.mode, stream_mode.returning);
});

test('a clock behind what the proxy said waits a moment, and one that is slow keeps the connection', async () => {
  const said = (connection: JudgedConnection, value: number): string =>
    connection.proxy('server', { at: 0, ack: at.clientNext, payload: answer, tcpOptions: timestamps(value) });
  const seen = (connection: JudgedConnection, value: number): string =>
    connection.server({ ack: at.clientNext, tcpOptions: timestamps(value) });
  const next = { ...client, payload: ok, tcpOptions: timestamps(1000) };

  // Sixty ticks ahead it is too early, unless this machine takes them for the four steps.
  let early = proxied();
  for (let attempt = 0; ; attempt++) {
    const begun = performance.now();
    seen(early, 1000);
    said(early, 1060);
    early.steer(command.offer);
    if (early.steer(command.give_back, at) === steered.waits) break;
    assert.ok(performance.now() - begun > 50 && attempt < 20, 'acknowledged, but too early');
    early = proxied();
  }
  const late = Date.now() + 100;
  while (Date.now() < late);
  assert.equal(early.client(next), passed);

  const slow = proxied();
  seen(slow, 1000);
  said(slow, 11_000);
  slow.steer(command.offer);
  assert.equal(slow.steer(command.give_back, at), steered.clock);
  isProxied(slow);

  const ahead = proxied();
  ahead.client({ tcpOptions: timestamps(1000) });
  ahead.proxy('client', { payload: ok, tcpOptions: timestamps(1001) });
  ahead.steer(command.offer);
  assert.equal(ahead.steer(command.give_back, { ...at, serverAcked: 0 }), steered.waits);
  assert.equal(ahead.client(next), diverted, 'its server would drop it');
  isProxied(ahead);
});
