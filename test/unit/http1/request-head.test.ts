/** What a request head may look like, and what is refused although some server would take it. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type RequestHead, scanRequestHead } from '../../../proxy/http1/request-head.ts';
import { limits } from '../../../src/limits.ts';

function scanned(text: string): ReturnType<typeof scanRequestHead> {
  return scanRequestHead(Buffer.from(text, 'latin1'));
}

function head(text: string): RequestHead {
  const scan = scanned(text);
  if (scan.kind !== 'head') throw new assert.AssertionError({ message: `${scan.kind}: ${JSON.stringify(text)}` });
  return scan.head;
}

const lines = (...fields: string[]): string => `GET / HTTP/1.1\r\n${fields.join('\r\n')}\r\n\r\n`;
const withHost = (...fields: string[]): string => lines('Host: h', ...fields);

test('a head is read as it stands', () => {
  const text =
    'PATCH /a;b?c=%20&d HTTP/1.1\r\nhost:Example.com:80 \r\nx-A: 1\r\nX-a:\t2 \t\r\nX-B:\r\nX-C: \xa0\r\n\r\n';
  const { method, target, host, version, length, body, keepAlive, upgrade } = head(`${text}rest`);
  assert.deepEqual(
    { method, target, host, version, length, body, keepAlive, upgrade },
    {
      method: 'PATCH',
      target: '/a;b?c=%20&d',
      host: 'Example.com:80',
      version: 'HTTP/1.1',
      length: text.length,
      body: { kind: 'none' },
      keepAlive: true,
      upgrade: undefined,
    },
  );
  const values = head(text);
  assert.deepEqual(values.header('x-a'), ['1', '2']);
  assert.deepEqual(values.header('x-b'), ['']);
  assert.deepEqual(values.header('x-c'), ['\xa0']);
  assert.deepEqual(values.header('x'), []);
});

test('framing', () => {
  assert.deepEqual(head(withHost('Content-Length: 0')).body, { kind: 'none' });
  assert.deepEqual(head(withHost('Content-Length: 10')).body, { kind: 'length', length: 10 });
  assert.deepEqual(head(withHost('transfer-encoding: Chunked')).body, { kind: 'chunked' });
});

test('connection options', () => {
  assert.equal(head(withHost('Connection: foo , CLOSE')).keepAlive, false);
  assert.equal(head(withHost('Connection: foo', 'Connection: close')).keepAlive, false);
  assert.equal(head(withHost('Connection: closed')).keepAlive, true);
  assert.equal(head('GET / HTTP/1.0\r\n\r\n').keepAlive, false);
  assert.equal(head('GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n').keepAlive, true);
  assert.equal(head(withHost('Upgrade: WebSocket')).upgrade, undefined);
  assert.equal(head(withHost('Upgrade: WebSocket', 'Connection: x, upgrade')).upgrade, 'websocket');
});

const refused: readonly (readonly [why: string, text: string])[] = [
  ['no Host', lines('A: b')],
  ['two Hosts', withHost('host: h')],
  ['an empty Host', lines('Host:')],
  ['a Host with userinfo', lines('Host: a@b')],
  ['a Host with a path', lines('Host: a/b')],
  ['two hosts in one', lines('Host: a, b')],
  ['a Host with two ports', lines('Host: a:80:81')],
  ['a Host behind 0xa0', lines('Host: \xa0h')],
  ['a Host behind a tab', lines('Host:\th')],
  ['a signed length', withHost('Content-Length: +5')],
  ['a length that may be octal', withHost('Content-Length: 010')],
  ['a hexadecimal length', withHost('Content-Length: 0x5')],
  ['an empty length', withHost('Content-Length:')],
  ['a list of lengths', withHost('Content-Length: 5, 5')],
  ['two lengths', withHost('Content-Length: 5', 'Content-Length: 5')],
  ['a length beyond exact numbers', withHost(`Content-Length: 1${'0'.repeat(15)}`)],
  ['a length behind 0xa0', withHost('Content-Length: \xa05')],
  ['a length before a tab', withHost('Content-Length: 5\t')],
  ['a length and chunks', withHost('Content-Length: 5', 'Transfer-Encoding: chunked')],
  ['chunks twice', withHost('Transfer-Encoding: chunked', 'Transfer-Encoding: chunked')],
  ['chunks behind 0xa0', withHost('Transfer-Encoding: \xa0chunked')],
  ['chunks before 0x85', withHost('Transfer-Encoding: chunked\x85')],
  ['another encoding', withHost('Transfer-Encoding: identity')],
  ['chunks in HTTP/1.0', 'GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n'],
  ['an underscore for a hyphen', withHost('Content_Length: 5')],
  ['a space before the colon', withHost('A : b')],
  ['a folded line', withHost('A: b', ' c')],
  ['no colon', withHost('A')],
  ['no name', withHost(': b')],
  ['NUL', withHost('A: \0')],
  ['a carriage return', withHost('A: b\rC: d')],
  ['a line feed', withHost('A: b\nC: d')],
  ['two Upgrades', withHost('Upgrade: websocket', 'Upgrade: h2c')],
  ['another expectation', withHost('Expect: 200-ok')],
  ['a CONNECT', 'CONNECT / HTTP/1.1\r\nHost: h\r\n\r\n'],
  ['PRI', 'PRI / HTTP/1.1\r\nHost: h\r\n\r\n'],
  ['a star without OPTIONS', 'GET * HTTP/1.1\r\nHost: h\r\n\r\n'],
  ['absolute form', 'GET http://h/ HTTP/1.1\r\nHost: h\r\n\r\n'],
  ['a fragment', 'GET /a#b HTTP/1.1\r\nHost: h\r\n\r\n'],
  ['a backslash', 'GET /a\\b HTTP/1.1\r\nHost: h\r\n\r\n'],
  ['bytes that are no ASCII', 'GET /\x80 HTTP/1.1\r\nHost: h\r\n\r\n'],
  ['two spaces', 'GET  / HTTP/1.1\r\nHost: h\r\n\r\n'],
  ['a space more', 'GET / HTTP/1.1 \r\nHost: h\r\n\r\n'],
  ['a method that is no token', 'G(T / HTTP/1.1\r\nHost: h\r\n\r\n'],
  ['HTTP/0.9', 'GET /\r\n\r\n'],
  ['HTTP/1.2', 'GET / HTTP/1.2\r\nHost: h\r\n\r\n'],
  ['an empty line first', '\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n'],
  ['too many fields', withHost(...Array.from({ length: limits.httpHeadFields }, (_, at) => `A${at}: b`))],
  ['too long a target', `GET /${'a'.repeat(limits.httpTargetBytes)} HTTP/1.1\r\nHost: h\r\n\r\n`],
  ['too long a head', withHost(`A: ${'b'.repeat(limits.httpHeadBytes)}`)],
];

for (const [why, text] of refused) {
  test(`${why}: refused`, () => {
    const scan = scanned(text);
    assert.ok(scan.kind === 'malformed' || scan.kind === 'limit' || scan.kind === 'unsupported', scan.kind);
  });
}

test('what can become no head is not waited for', () => {
  for (const start of ['\x16\x03\x01', '\n', 'GET / HTTP/1.1\n', '(', 'SSH-2.0-OpenSSH\n']) {
    assert.equal(scanned(start).kind, 'malformed', JSON.stringify(start));
  }
  assert.equal(scanned('A'.repeat(limits.httpHeadBytes + 1)).kind, 'limit');
  assert.equal(scanned('GE').kind, 'incomplete');
  assert.equal(scanned('GET / HTTP/1.1\r\nHost: h\r\n').kind, 'incomplete');
});
