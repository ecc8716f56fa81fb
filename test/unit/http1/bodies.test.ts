/** Bodies of requests, and what becomes of them when the request is denied. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ChunkedBody } from '../../../proxy/http1/chunked.ts';
import { limits } from '../../../src/limits.ts';
import { bad, denied, deniedAndClosed, get, request, response, scenario } from './scenario.ts';

const post = (target: string, ...fields: string[]): string => request('POST', target, ...fields);
const chunks = '5\r\nhello\r\n00A\r\n0123456789\r\n0\r\n\r\n';

scenario('a body of a known length passes', (p) => {
  p.client(`${post('/ok', 'Content-Length: 5')}hello${get('/ok/2')}`);
  p.serverGot(`${post('/ok', 'Content-Length: 5')}hello${get('/ok/2')}`);
});

scenario('a chunked body passes, with its trailers', (p) => {
  const body = `${chunks.slice(0, -2)}X-Trailer: 1\r\n\r\n`;
  p.client(post('/ok', 'Transfer-Encoding: chunked') + body + get('/no'));
  p.serverGot(post('/ok', 'Transfer-Encoding: chunked') + body);
  p.server(response('200 OK', ''));
  p.clientGot(response('200 OK', '') + denied);
});

scenario('the body of a denied request is thrown away', (p) => {
  p.client(`${post('/no', 'Content-Length: 5')}GET /${get('/ok')}`);
  p.clientGot(denied);
  p.serverGot(get('/ok'));
});

scenario('so is a chunked one', (p) => {
  p.client(post('/no', 'Transfer-Encoding: chunked') + chunks + get('/ok'));
  p.clientGot(denied);
  p.serverGot(get('/ok'));
});

scenario('a denied request with a large body ends the connection', (p) => {
  p.client(post('/no', `Content-Length: ${limits.httpDrainBytes + 1}`));
  p.clientGot(deniedAndClosed);
  p.closed('graceful', 'denied');
});

scenario('so does one whose chunks add up', (p) => {
  p.client(`${post('/no', 'Transfer-Encoding: chunked')}${(limits.httpDrainBytes + 1).toString(16)}\r\n`);
  p.clientGot(denied);
  p.closed('graceful', 'denied');
});

scenario('but the answers before it come first', (p) => {
  p.client(`${get('/ok')}${post('/no', 'Transfer-Encoding: chunked')}${(limits.httpDrainBytes + 1).toString(16)}\r\n`);
  p.open();
  p.server(response('200 OK', 'x'));
  p.clientGot(response('200 OK', 'x') + denied);
  p.closed('graceful', 'denied');
});

scenario('malformed chunks of a denied request end the connection after its answer', (p) => {
  p.client(`${get('/ok')}${post('/no', 'Transfer-Encoding: chunked')}5;x\r\n`);
  p.open();
  p.server(response('200 OK', 'x'));
  p.clientGot(response('200 OK', 'x') + denied);
  p.closed('graceful', 'malformed');
});

scenario('malformed chunks of an allowed request reset both ends', (p) => {
  p.client(`${post('/ok', 'Transfer-Encoding: chunked')}5\r\nhello${get('/ok')}`);
  p.closed('reset', 'malformed');
  p.serverGot(`${post('/ok', 'Transfer-Encoding: chunked')}5\r\nhello`);
  p.recorded('DENY malformed 400', 'ALLOW POST /ok');
});

scenario('who expects a 100 is told the verdict at once', (p) => {
  p.client(post('/no', 'Content-Length: 5', 'Expect: 100-continue'));
  p.clientGot(deniedAndClosed);
  p.closed('graceful', 'denied');
});

scenario('and gets the 100 of the server when it may', (p) => {
  const head = post('/ok', 'Content-Length: 5', 'Expect: 100-continue');
  p.client(head);
  p.server('HTTP/1.1 100 Continue\r\n\r\n');
  p.clientGot('HTTP/1.1 100 Continue\r\n\r\n');
  p.client(`hello${get('/no')}`);
  p.serverGot(`${head}hello`);
  p.server(response('200 OK', 'x'));
  p.clientGot(response('200 OK', 'x') + denied);
});

scenario('a refused Expect may be followed by the next request without the body', (p) => {
  const head = post('/ok', 'Content-Length: 5', 'Expect: 100-continue');
  p.client(head);
  p.server(response('417 Expectation Failed', ''));
  // The body's five bytes are owed whatever the answer was (RFC 9110 section 10.1.1); these are taken for them.
  p.client(get('/no'));
  p.serverGot(`${head}GET /`);
  p.clientGot(response('417 Expectation Failed', '') + bad);
  p.closed('graceful', 'malformed');
});

scenario('HTTP/1.0 ends after a denial unless it asks to stay', (p) => {
  p.client('GET /no HTTP/1.0\r\n\r\n');
  p.clientGot(deniedAndClosed);
  p.closed('graceful', 'denied');
});

scenario('HTTP/1.0 may stay', (p) => {
  p.client('GET /no HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n');
  p.clientGot(denied);
  p.open();
});

scenario('what is no request gets a 400, in order', (p) => {
  p.client(`${get('/ok')}GET\t/ok HTTP/1.1\r\n\r\n${get('/ok')}`);
  p.serverGot(get('/ok'));
  p.server(response('200 OK', 'x'));
  p.clientGot(response('200 OK', 'x') + bad);
  p.closed('graceful', 'malformed');
  p.recorded('DENY malformed 400', 'ALLOW GET /ok 200');
});

scenario('a head above the limit gets a 400', (p) => {
  p.client(get('/ok', `X: ${'x'.repeat(limits.httpHeadBytes)}`));
  p.serverGot('');
  p.clientGot(bad);
  p.closed('graceful', 'limit');
});

test('a chunked body of single bytes is taken as a whole', () => {
  const many = Buffer.from(`${'1\r\nx\r\n'.repeat(1000)}0\r\nX: 1\r\n\r\nGET`);
  const step = new ChunkedBody('refused').step(many);
  assert.deepEqual(step, { kind: 'take', count: many.length - 3, last: true });
});

for (const [name, body, detail] of [
  ['no digit', '\r\n', 'size'],
  ['nine digits', '000000001\r\n', 'size'],
  ['a space', '1 \r\n', 'size'],
  ['0x', '0x1\r\n', 'size'],
  ['a bare line feed', '1\nx', 'size'],
  ['a bare carriage return', '1\rx', 'carriage return'],
  ['too much data', '1\r\nxy', 'longer'],
  ['a line feed behind the data', '1\r\nx\n', 'longer'],
  ['a trailer without a colon', '0\r\nfoo\r\n', 'field'],
  ['a trailer that frames', '0\r\nContent-Length: 1\r\n', 'head'],
  ['a folded trailer', '0\r\n a: b\r\n', 'field'],
  ['a trailer with a bare line feed', '0\r\nA: b\n', 'line feed'],
  ['endless trailers', `0\r\n${'A: b\r\n'.repeat(6000)}`, 'long'],
] as const) {
  test(`chunks with ${name} are malformed, at once or byte by byte`, () => {
    for (const width of [1, 2, body.length]) {
      assert.match(faultOf(Buffer.from(body), width) ?? '', new RegExp(detail));
    }
  });
}

/** What a body that arrives in parts of this width is blamed for. */
function faultOf(bytes: Buffer, width: number): string | undefined {
  const body = new ChunkedBody('refused');
  let taken = 0;
  for (let end = width; ; end += width) {
    const arrived = bytes.subarray(taken, Math.max(end, taken));
    for (let step = body.step(arrived); step.kind !== 'incomplete'; step = body.step(bytes.subarray(taken, end))) {
      if (step.kind === 'malformed') return step.detail;
      taken += step.count;
      if (taken >= end) break;
    }
    if (end >= bytes.length) return undefined;
  }
}
