/** Segments of connections that nobody saw begin, under an L7 rule: the client's payload is held for the agent, no byte passes. */

import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { command, doubt, steered, stream_mode } from '../../src/datapath/abi.generated.ts';
import { get, judgeBench } from './judge-bench.ts';
import { ipv4, ipv4Server, ipv6, JudgedConnection, timestamps } from './judged-connection.ts';

const bench = judgeBench();
after(() => bench[Symbol.dispose]());

const held = 'drop held';
const diverted = 'redirect diverted';
const ok = get('/ok/one?x=1', 'User-Agent: t');
const answer = 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n';

for (const [name, family] of Object.entries({ ipv4, ipv6, ipv4Server })) {
  describe(name, () => {
    const stray = (): JudgedConnection => {
      const connection = new JudgedConnection(bench, { family });
      assert.equal(connection.client({ at: 1000, ack: 500, payload: ok, tcpOptions: timestamps(77) }), held);
      assert.equal(connection.mode, stream_mode.held);
      assert.equal(connection.doubt, doubt.older);
      return connection;
    };

    test('the held segment is all that is known', () => {
      const { next, acked, timestamp } = stray().side('client');
      assert.deepEqual({ next, acked, timestamp }, { next: 2001, acked: 2001, timestamp: 77 });
      const server = stray().side('server');
      assert.deepEqual(
        [server.next, server.acked, server.timestamp],
        [5501, 5501, 1],
        'what it acknowledges and echoes',
      );
    });

    test('nothing passes for old, of either end', () => {
      const connection = stray();
      assert.equal(connection.client({ at: 0, payload: ok, ack: 500 }), held);
      assert.equal(connection.client({ at: 1000 - ok.length, payload: ok, ack: 500 }), held);
      assert.equal(connection.client({ at: 1000, payload: ok, ack: 500 }), held);
      assert.equal(connection.client({ at: 1000, flags: 'FA', ack: 500 }), held);
      assert.equal(connection.client({ at: 900, flags: 'FA', ack: 500 }), held);
      assert.equal(connection.server({ at: 500, payload: answer, ack: 1000 }), held);
      assert.equal(connection.server({ at: 400, payload: answer, ack: 1000 }), held);
      assert.equal(connection.client({ at: 1001 + ok.length, payload: ok, ack: 500 }), held);
      assert.equal(connection.mode, stream_mode.held);
    });

    test('diverted it is the proxy’s, and never goes back to the judge by itself', () => {
      const connection = stray();
      assert.equal(connection.steer(command.divert), steered.done);
      assert.equal(connection.client({ at: 1000, payload: ok, ack: 500 }), diverted);
      assert.equal(connection.server({ at: 0, flags: 'SA' }), diverted, 'of a new connection of the proxy');
      assert.equal(connection.proxy('server', { at: 500, payload: answer }), 'redirect');
    });

    test('refused: forgotten, and whoever speaks next is reset by the proxy’s kernel', () => {
      const connection = stray();
      assert.equal(connection.steer(command.refuse), steered.done);
      assert.equal(connection.stream, undefined);
      assert.equal(connection.client({ at: 1000, payload: ok, ack: 500 }), diverted);
      assert.equal(connection.server({ at: 500, payload: answer, ack: 1000 }), diverted);
      assert.deepEqual(connection.open(), ['pass judged', 'pass judged', 'pass judged'], 'its ports may be used again');
      assert.equal(connection.steer(command.refuse), steered.wrong_mode);
    });
  });
}

for (const [name, family] of Object.entries({ ipv4, ipv6, ipv4Server })) {
  test(`${name}: the client of a server that speaks is asked where it stands, without a byte of the server's`, () => {
    for (const payload of [answer, `${answer}x`, '']) {
      const connection = new JudgedConnection(bench, { family });
      const { action, reasons, frame } = connection.onWire(false, { at: 2 ** 29, ack: 500, payload });
      assert.deepEqual([action, ...reasons], ['pass', 'diverted', 'reset']);
      assert.equal(frame.toString('hex'), connection.wireFrame(false, { at: 0, ack: 500 }).toString('hex'));
      assert.equal(connection.client({ at: 500, ack: 2 ** 29 }), diverted, 'and its answer goes where it is reset');
    }
    for (const flags of ['FA', 'SA']) {
      const ended = new JudgedConnection(bench, { family });
      assert.equal(ended.server({ at: 1000, ack: 500, flags }), 'drop diverted');
    }
  });
}

test('what is no payload of a client is reset as before', () => {
  for (const part of [{ flags: 'A' }, { flags: 'FA' }, { flags: 'FA', payload: ok }, { flags: 'UA', payload: ok }]) {
    const connection = new JudgedConnection(bench);
    assert.equal(connection.client({ at: 1000, ack: 500, ...part }), diverted);
    assert.equal(connection.stream, undefined);
  }
  assert.equal(new JudgedConnection(bench).client({ at: 1000, flags: 'RA', payload: ok }), 'drop not-syn');
});
