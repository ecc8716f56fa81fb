/** What our scanner accepts, llhttp and http-parser-js cut into the same messages: nothing hides between two of them. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { difference, framedByHttpParserJs, framedByLlhttp, framedBySluice } from './framing.ts';
import { Random, stream } from './mutations.ts';

const rounds = 60_000;

for (const seed of [1, 2]) {
  test(`streams of seed ${seed} have the same messages to llhttp and http-parser-js`, () => {
    const random = new Random(seed);
    let messages = 0;
    let refused = 0;
    for (let round = 0; round < rounds; round++) {
      const bytes = stream(random);
      const ours = framedBySluice(bytes);
      if (ours.refusal !== undefined) refused += 1;
      messages += ours.messages.length;
      const forwarded = bytes.subarray(0, ours.length);
      for (const oracle of [framedByLlhttp, framedByHttpParserJs]) {
        const found = difference(ours, oracle(forwarded));
        assert.equal(found, undefined, `${oracle.name}: ${JSON.stringify(bytes.toString('latin1'))}`);
      }
    }
    assert.ok(messages > rounds / 2, `${messages} messages were compared`);
    assert.ok(refused > rounds / 10, `${refused} streams were refused`);
  });
}

test('an oracle would tell', () => {
  const stream = Buffer.from('POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello');
  const ours = framedBySluice(stream);
  const shorter = { ...ours, messages: [{ method: 'POST', target: '/', body: 'hell' }] };
  for (const oracle of [framedByLlhttp, framedByHttpParserJs]) {
    assert.equal(difference(ours, oracle(stream)), undefined);
    assert.match(difference(shorter, oracle(stream)) ?? '', /message 0/);
  }
});
