/** Which segments of a judged connection pass: heads, bodies, retransmissions, gaps, numbers that come round. */

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { doubt, stream_mode } from '../../src/datapath/abi.generated.ts';
import { get, judgeBench, post } from './judge-bench.ts';
import { ipv4, ipv4Server, ipv6, JudgedConnection } from './judged-connection.ts';

const bench = judgeBench();
after(() => bench[Symbol.dispose]());

const passed = 'pass judged';
const held = 'drop held';
const ok = get('/ok');
const answer = 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n';

for (const [name, family] of [
  ['IPv4', ipv4],
  ['IPv6', ipv6],
  ['IPv4, at the server', ipv4Server],
] as const) {
  for (const [numbers, clientIsn, serverIsn] of [
    ['', 1000, 5000],
    [', numbers come round', 2 ** 32 - 30, 2 ** 32 - 20],
  ] as const) {
    const opened = (): JudgedConnection => {
      const connection = new JudgedConnection(bench, { family, clientIsn, serverIsn });
      assert.deepEqual(connection.open(), [passed, passed, passed]);
      return connection;
    };

    test(`${name}${numbers}: allowed requests pass one after the other, a refused one is held`, () => {
      const connection = opened();
      assert.equal(connection.client({ payload: ok, ack: 0 }), passed);
      assert.equal(connection.server({ payload: answer, ack: ok.length }), passed);
      assert.equal(connection.client({ at: ok.length, ack: answer.length }), passed);
      assert.equal(connection.client({ at: ok.length, ack: answer.length, payload: ok }), passed);
      assert.equal(connection.server({ at: answer.length, payload: answer, ack: 2 * ok.length }), passed);
      const refused = get('/no');
      assert.equal(connection.client({ at: 2 * ok.length, ack: 2 * answer.length, payload: refused }), held);
      assert.equal(connection.mode, stream_mode.held);
      assert.equal(connection.doubt, doubt.refused);
      assert.equal(
        connection.client({ at: 2 * ok.length, ack: 2 * answer.length, payload: ok }),
        held,
        'nothing new passes',
      );
      assert.equal(connection.client({ at: 2 * ok.length, ack: 2 * answer.length }), passed, 'an ACK does');
      assert.equal(connection.server({ at: 2 * answer.length, ack: 2 * ok.length, payload: answer }), held);
      assert.equal(connection.server({ at: answer.length, ack: 2 * ok.length, payload: answer }), passed, 'again');
    });

    test(`${name}${numbers}: a body passes over segments up to its declared end`, () => {
      const connection = opened();
      const head = post(30);
      assert.equal(connection.client({ payload: `${head}${'a'.repeat(10)}` }), passed);
      assert.equal(connection.bodyLeft, 20n);
      assert.equal(connection.client({ at: head.length + 10, payload: 'b'.repeat(15) }), passed);
      assert.equal(connection.client({ at: head.length + 25, payload: 'c'.repeat(5) }), passed);
      assert.equal(connection.bodyLeft, 0n);
      const end = head.length + 30;
      assert.equal(connection.server({ payload: answer, ack: end }), passed);
      assert.equal(connection.client({ at: end, ack: answer.length, payload: ok }), passed);
    });

    test(`${name}${numbers}: of a body's end and more in one segment the body's end passes`, () => {
      const connection = opened();
      const head = post(10);
      const mixed = { at: head.length, payload: `${'a'.repeat(10)}${get('/no')}` };
      assert.equal(connection.client({ payload: head }), passed);
      assert.equal(connection.client(mixed), passed);
      assert.equal(connection.bodyLeft, 0n);
      assert.equal(connection.client(mixed), passed, 'again, before the server has it');
      const end = head.length + 10;
      assert.equal(connection.server({ payload: answer, ack: end }), passed);
      assert.equal(connection.client({ at: end, ack: answer.length, payload: get('/no') }), held, 'the next head');
    });

    test(`${name}${numbers}: a head again passes with the same bytes only, until the server has it`, () => {
      const connection = opened();
      assert.equal(connection.client({ payload: ok }), passed);
      assert.equal(connection.client({ payload: ok }), passed);
      for (let at = 0; at < ok.length; at++) {
        const other = Buffer.from(ok, 'latin1');
        other.writeUInt8((other.readUInt8(at) + 1) & 0xff, at);
        const first = opened();
        first.client({ payload: ok });
        assert.equal(first.client({ payload: other }), 'drop mismatch', `byte ${at}`);
      }
      assert.equal(connection.client({ payload: ok.slice(0, 10) }), 'drop mismatch', 'a part can not be told');
      assert.equal(connection.client({ at: 10, payload: ok.slice(10) }), 'drop mismatch');
      connection.server({ ack: ok.length });
      assert.equal(connection.client({ payload: get('/no').slice(0, 5) }), passed, 'the server has other bytes there');
      assert.equal(connection.client({ at: ok.length, payload: ok }), passed);
      assert.equal(connection.client({ payload: `${get('/no')}${ok}` }), 'drop mismatch', 'old and new');
    });

    test(`${name}${numbers}: a retransmission that never matches is the agent's in the end`, () => {
      const connection = opened();
      assert.equal(connection.client({ payload: ok }), passed);
      const rest = { at: 10, payload: ok.slice(10) };
      assert.equal(connection.client(rest), 'drop mismatch');
      assert.equal(connection.client(rest), 'drop mismatch');
      assert.equal(connection.mode, stream_mode.judged);
      assert.equal(connection.client(rest), 'drop mismatch');
      assert.equal(connection.mode, stream_mode.held);
      assert.equal(connection.doubt, doubt.mismatch);
      assert.equal(connection.client({ payload: ok }), passed, 'the whole head still passes');
    });

    test(`${name}${numbers}: an acknowledgement of what never passed counts for nothing`, () => {
      const connection = opened();
      assert.equal(connection.client({ payload: ok }), passed);
      connection.server({ ack: ok.length + 1 });
      assert.equal(connection.client({ payload: get('/no') }), 'drop mismatch');
    });

    test(`${name}${numbers}: overlaps stay inside the body`, () => {
      const connection = opened();
      const head = post(20);
      assert.equal(connection.client({ payload: `${head}${'a'.repeat(8)}` }), passed);
      assert.equal(connection.client({ at: head.length + 2, payload: 'z'.repeat(6) }), passed, 'old');
      assert.equal(connection.client({ at: head.length + 2, payload: 'z'.repeat(10) }), passed, 'old and new');
      assert.equal(connection.bodyLeft, 8n);
      assert.equal(connection.client({ payload: `${head}${'q'.repeat(14)}` }), passed, 'head, old and new');
      assert.equal(connection.bodyLeft, 6n);
      assert.equal(connection.client({ at: head.length - 1, payload: 'z' }), 'drop mismatch', 'its left neighbour');
      assert.equal(
        connection.client({ payload: `${head}${'q'.repeat(21)}` }),
        'drop mismatch',
        'the head, and beyond its end',
      );
      assert.equal(connection.client({ at: head.length + 2, payload: 'z'.repeat(17) }), passed, 'almost to its end');
      assert.equal(connection.bodyLeft, 1n);
      assert.equal(connection.client({ at: head.length + 2, payload: 'z'.repeat(19) }), passed, 'cut off at its end');
      assert.equal(connection.bodyLeft, 0n);
    });

    test(`${name}${numbers}: what begins beyond the next byte is dropped, wherever`, () => {
      const connection = opened();
      for (const at of [1, ok.length, 70000, 2 ** 30, 2 ** 31 - 1]) {
        assert.equal(connection.client({ at, payload: ok }), 'drop beyond', `${at}`);
      }
      for (const at of [-1, -ok.length]) {
        assert.equal(connection.client({ at, payload: `${ok}${ok}` }), 'drop mismatch', `${at}: old and new`);
      }
      assert.equal(connection.client({ payload: ok }), passed);
    });

    test(`${name}${numbers}: a body's bytes pass in any order, and none beyond them`, () => {
      const connection = opened();
      const head = post(40);
      const end = head.length + 40;
      const at = (offset: number): number => head.length + offset;
      assert.equal(connection.client({ at: at(10), payload: 'b'.repeat(10) }), 'drop beyond', 'before its head');
      assert.equal(connection.client({ payload: head }), passed);
      assert.equal(connection.client({ at: at(10), payload: 'b'.repeat(31) }), 'drop beyond', 'over its end');
      assert.equal(connection.client({ at: at(40), payload: 'b' }), 'drop beyond', 'behind its end');
      assert.equal(connection.client({ at: at(30), payload: 'b'.repeat(10), flags: 'FA' }), 'drop beyond', 'a FIN');
      assert.equal(connection.bodyLeft, 40n);
      assert.equal(connection.client({ at: at(10), payload: 'b'.repeat(10) }), passed);
      assert.equal(connection.bodyLeft, 20n);
      assert.equal(connection.client({ at: at(0), payload: 'a'.repeat(10) }), passed, 'what was missing');
      assert.equal(connection.client({ at: at(25), payload: 'd'.repeat(15) }), passed);
      assert.equal(connection.bodyLeft, 0n);
      assert.equal(connection.client({ at: end, payload: ok }), 'drop beyond', 'the server lacks bytes');
      connection.server({ ack: at(20) });
      assert.equal(connection.client({ at: end, payload: get('/no') }), 'drop beyond', 'it still does');
      assert.equal(connection.client({ at: at(15), payload: 'c'.repeat(15) }), passed, 'what was missing, and more');
      connection.server({ ack: end, payload: answer });
      assert.equal(connection.client({ at: end, payload: get('/no') }), held);
    });

    test(`${name}${numbers}: a stale copy from before the stream's first byte passes only as a keepalive does`, () => {
      const connection = opened();
      assert.equal(connection.client({ payload: ok }), passed);
      connection.server({ ack: ok.length });
      assert.equal(connection.client({ at: ok.length - 1, payload: 'x' }), passed, 'keepalive with a byte');
      assert.equal(connection.client({ at: ok.length - 1 }), passed, 'keepalive without');
    });

    test(`${name}${numbers}: requests wait for the one before, two in one segment are held`, () => {
      const early = opened();
      assert.equal(early.client({ payload: ok }), passed);
      assert.equal(early.client({ at: ok.length, payload: ok }), 'drop beyond');
      early.server({ ack: ok.length });
      assert.equal(early.client({ at: ok.length, payload: ok }), passed);
      early.server({ ack: 2 * ok.length });
      assert.equal(early.client({ at: 2 * ok.length, payload: get('/no') }), 'drop beyond', 'no answer has begun');
      assert.equal(early.mode, stream_mode.judged);
      early.server({ ack: 2 * ok.length, payload: answer });
      assert.equal(early.client({ at: 2 * ok.length, payload: get('/no') }), held);
      const together = opened();
      assert.equal(together.client({ payload: `${ok}${ok}` }), held);
      assert.equal(together.doubt, doubt.refused);
    });

    test(`${name}${numbers}: a head in parts is held at its first one`, () => {
      for (const length of [1, 4, ok.length - 1]) {
        const connection = opened();
        assert.equal(connection.client({ payload: ok.slice(0, length) }), held, `${length} bytes`);
        assert.equal(connection.doubt, doubt.refused);
      }
    });
  }
}
