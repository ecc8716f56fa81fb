/** What losses, doubles and reordering on either side of the tap make of a connection's segments, and what the judge makes of them. */

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { doubt } from '../../src/datapath/abi.generated.ts';
import { get, judgeBench } from './judge-bench.ts';
import { JudgedConnection } from './judged-connection.ts';

const bench = judgeBench();
after(() => bench[Symbol.dispose]());

const passed = 'pass judged';
const held = 'drop held';
const ok = get('/ok');
const no = get('/no');
const answer = 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n';

function opened(): JudgedConnection {
  const connection = new JudgedConnection(bench);
  assert.deepEqual(connection.open(), [passed, passed, passed]);
  return connection;
}

test('an ACK that overtakes the response does not stand for it', () => {
  const connection = opened();
  connection.client({ payload: ok });
  // To a double of the request, say, while the response is lost before the tap.
  assert.equal(connection.server({ at: answer.length, ack: ok.length }), passed);
  assert.equal(connection.side('server').next, connection.serverIsn + 1, 'no byte of it has passed');
  assert.equal(connection.client({ at: ok.length, payload: no }), 'drop beyond', 'no answer has begun');
  assert.equal(connection.server({ payload: answer, ack: ok.length }), passed);
  assert.equal(connection.client({ at: ok.length, ack: answer.length, payload: no }), held);
});

test('a FIN that overtakes the response stands for it', () => {
  const connection = opened();
  connection.client({ payload: ok });
  assert.equal(connection.server({ at: answer.length, ack: ok.length, flags: 'FA' }), passed);
  assert.equal(connection.side('server').fin, 1);
  assert.equal(connection.server({ payload: answer, ack: ok.length }), passed);
  connection.client({ at: ok.length, ack: answer.length + 1 });
  assert.equal(connection.side('server').acked, connection.serverIsn + 1 + answer.length + 1);
  assert.equal(connection.client({ at: ok.length, ack: answer.length + 1, payload: no }), held);
});

test('a response sent again together with more is followed to its end', () => {
  const connection = opened();
  connection.client({ payload: ok });
  const [head, body] = ['HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n', '0123456789'];
  connection.server({ payload: head, ack: ok.length });
  // This ACK is lost behind the tap, the body was before it: the server puts both into one segment.
  connection.client({ at: ok.length, ack: head.length });
  assert.equal(connection.server({ payload: `${head}${body}`, ack: ok.length }), passed);
  const end = head.length + body.length;
  assert.equal(connection.client({ at: ok.length, ack: end, payload: no }), held);
  assert.equal(connection.side('server').next, connection.serverIsn + 1 + end);
  assert.equal(connection.side('server').acked, connection.serverIsn + 1 + end);
});

test('a FIN that comes with what was sent before counts', () => {
  for (const from of ['client', 'server'] as const) {
    const connection = opened();
    connection.client({ payload: ok });
    connection.server({ payload: answer, ack: ok.length });
    connection.client({ at: ok.length, ack: answer.length });
    const again =
      from === 'client'
        ? connection.client({ payload: ok, flags: 'FA', ack: answer.length })
        : connection.server({ payload: answer, flags: 'FA', ack: ok.length });
    assert.equal(again, passed);
    assert.equal(connection.side(from).fin, 1, from);
  }
});

test('a FIN that comes with what was sent before waits with all else while the connection is held', () => {
  const connection = opened();
  connection.client({ payload: ok });
  connection.server({ payload: answer, ack: ok.length });
  assert.equal(connection.client({ at: ok.length, ack: answer.length, payload: no }), held);
  assert.equal(connection.client({ payload: ok, flags: 'FA', ack: answer.length }), held);
  assert.equal(connection.server({ payload: answer, flags: 'FA', ack: ok.length }), held);
});

test('an interim response and the response in one segment: the response has begun', () => {
  const connection = opened();
  connection.client({ payload: ok });
  const both = `HTTP/1.1 103 Early Hints\r\n\r\n${answer}`;
  assert.equal(connection.server({ payload: both, ack: ok.length }), passed);
  assert.equal(connection.client({ at: ok.length, ack: both.length, payload: no }), held);
  assert.equal(connection.doubt, doubt.refused);
});
