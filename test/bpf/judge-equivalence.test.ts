/** The kernel's loop and its TypeScript twin accept the same heads, with the same body length, whatever the bytes. */

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { stream_mode } from '../../src/datapath/abi.generated.ts';
import { judgeHead } from '../../src/judge/judge-head.ts';
import { get, judgeBench, post, rules, tableOf } from './judge-bench.ts';
import { JudgedConnection } from './judged-connection.ts';

const bench = judgeBench();
after(() => bench[Symbol.dispose]());

const heads = 4000;
const seeds = [
  get('/ok'),
  get('/ok/a/b?c=d', 'Accept: */*', 'User-Agent: x', 'Cookie: a=b'),
  get('/ok', 'Content-Length: 0', 'Connection: keep-alive'),
  get('/ok', `User-Agent: ${'Mozilla/5.0 (X11; Linux x86_64) '.repeat(4)}`, 'Accept-Language: en-GB,en;q=0.5'),
  get('/okay'),
  post(0),
  post(17),
  post(4_294_967_296),
  get('/ok', 'Transfer-Encoding: chunked'),
];
const pieces = [
  '\r\n',
  '\r',
  '\n',
  ' ',
  ':',
  '/',
  '..',
  '%2e',
  'Host: a\r\n',
  'Content-Length: 3\r\n',
  '\0',
  'GET ',
  ' HTTP/1.1',
  '\x80',
];

const table = tableOf(rules);
let connections = 0;

/** Both of them on one head and what may follow it. @returns whether it was accepted */
function accept(bytes: Buffer): boolean {
  const twin = judgeHead(table, bytes);
  const whole = twin.accepted && bytes.length - twin.length <= twin.contentLength;
  const connection = new JudgedConnection(bench, { serverIsn: connections++ });
  connection.counted = false;
  connection.open();
  connection.client({ payload: bytes });
  const name = JSON.stringify(bytes.toString('latin1'));
  assert.equal(connection.mode, whole ? stream_mode.judged : stream_mode.held, name);
  if (whole) assert.equal(connection.bodyLeft, BigInt(twin.contentLength - (bytes.length - twin.length)), name);
  return whole;
}

test(`${heads} heads, mutated`, () => {
  const random = generator(0x5eed);
  const pick = <T>(of: readonly T[]): T => of[random(of.length)] as T;
  let accepted = 0;
  for (let i = 0; i < heads; i++) {
    let text = pick(seeds);
    for (let changes = random(3); changes > 0; changes--) {
      const at = random(text.length + 1);
      const middle = random(2) === 0 ? pick(pieces) : String.fromCharCode(random(256));
      text = text.slice(0, at) + middle + text.slice(at + random(3));
    }
    const bytes = Buffer.from(text, 'latin1');
    if (bytes.length > 0 && accept(bytes)) accepted++;
  }
  assert.ok(accepted > heads / 10, `${accepted} accepted`);
});

test('every byte at every place of the eight that a long value passes at once', () => {
  const start = get('/ok', 'X: ').trimEnd();
  const accepted = new Set<number>();
  for (let place = 0; place < 8; place++) {
    for (let byte = 0; byte < 256; byte++) {
      const value = Buffer.alloc(40, 'v');
      value[16 + place] = byte;
      if (accept(Buffer.concat([Buffer.from(`${start} `), value, Buffer.from('\r\n\r\n')]))) accepted.add(byte);
    }
  }
  assert.equal(accepted.size, 256 - 32 - 1, 'all but control bytes');
});

/** Xorshift (Marsaglia 2003): the same heads in every run. */
function generator(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}
