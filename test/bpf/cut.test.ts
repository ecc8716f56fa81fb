/** A body's end that passes without the next request behind it: the frame that is left is as if it had been sent so. */

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { doubt } from '../../src/datapath/abi.generated.ts';
import { get, judgeBench, post } from './judge-bench.ts';
import { ipv4, ipv4Server, ipv6, JudgedConnection } from './judged-connection.ts';

const bench = judgeBench();
after(() => bench[Symbol.dispose]());

const head = post(9);

for (const [name, family] of Object.entries({ ipv4, ipv6, ipv4Server })) {
  test(`${name}: lengths and checksums are right, wherever it is cut`, () => {
    for (const body of [1, 2, 8, 9]) {
      for (const next of [1, 2, 3, 40, 513, 1400]) {
        const connection = new JudgedConnection(bench, { family });
        connection.open();
        const early = 9 - body;
        connection.client({ payload: head + 'b'.repeat(early) });
        const part = { at: head.length + early, flags: 'FPA' };
        const tail = Array.from({ length: next }, (_, i) => String.fromCharCode(33 + ((i * 7) % 90))).join('');
        const { action, frame } = connection.onWire(true, { ...part, payload: `${'e'.repeat(body)}${tail}` });
        assert.equal(action, 'pass');
        const whole = connection.wireFrame(true, { ...part, flags: 'PA', payload: 'e'.repeat(body) });
        assert.equal(frame.toString('hex'), whole.toString('hex'), `${body} and ${next} bytes`);
        assert.equal(connection.bodyLeft, 0n);
        assert.equal(connection.side('client').fin, 0, 'the end comes again, too');
      }
    }
  });
}

test('what is longer than a segment of Ethernet is not cut, but held', () => {
  const connection = new JudgedConnection(bench);
  connection.open();
  connection.client({ payload: head });
  assert.equal(connection.client({ at: head.length, payload: `${'e'.repeat(9)}${'x'.repeat(1536)}` }), 'drop held');
  assert.equal(connection.doubt, doubt.more);
  assert.equal(connection.client({ at: head.length, payload: get('/ok') }), 'drop held');
});
