/** Heads that the kernel passes, and those that it leaves to the proxy. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FIELDS, HEAD_BYTES } from '../../../src/judge/table.ts';
import { compiled, judge } from './rule-sets.ts';

const { table } = compiled([{ method: 'GET|POST', path: '/image/.*' }]);
const line = 'GET /image/1 HTTP/1.1\r\n';

test('plain heads are accepted, with their parts', () => {
  const head = judge(
    table,
    `POST /image/1?a=%20 HTTP/1.1\r\nhOsT:  A.b:80\r\nContent-Length: 1234567890\r\nX:  y\r\n\r\nbody`,
  );
  assert.deepEqual(head, {
    accepted: true,
    contentLength: 1_234_567_890,
    rule: 0,
    length: 82,
    method: 'POST',
    target: '/image/1?a=%20',
    host: 'A.b:80',
  });
  const others = [
    'Connection: keep-alive\r\n',
    'connection: CLOSE\r\n',
    'Content-Length: 0\r\n',
    'Cookie: a; b=\xff\r\n',
    'Empty:\r\n',
    'Upgrade-Insecure-Requests: 1\r\n',
    'Transfer: 1\r\n',
    'Ted: 1\r\n',
  ];
  for (const field of others) assert.ok(judge(table, `${line}${field}Host: a\r\n\r\n`).accepted, field);
  for (const host of ['10.0.0.1', '[::1]', '[FD79::2]:8080', '[::ffff:10.0.0.1]'])
    assert.ok(judge(table, `${line}Host: ${host}\r\n\r\n`).accepted, host);
});

test('whatever is not plain is left to the proxy', () => {
  const fields = [
    'Transfer-Encoding: chunked',
    'transfer-encoding: identity',
    'Upgrade: websocket',
    'Expect: 100-continue',
    'TE: trailers',
    'Trailer: x',
    'Proxy-Connection: close',
    'Connection: upgrade',
    'Connection: close, x',
    'Connection:',
    'Proxy-Authorization: a',
    'Content-Length: 01',
    'Content-Length: +1',
    'Content-Length: 1,1',
    'Content-Length: 12345678901',
    'Content-Length: 1 ',
    'Content-Length:',
    'Content-Length: 1\r\nContent-Length: 1',
    'Host: b',
    'Connection: close\r\nConnection: close',
    'a_b: 1',
    'a.b: 1',
    'a : 1',
    ': 1',
    ' a: 1',
    'a',
    'a: b\tc',
    'a: \x00',
    'a: \x7f',
    'a: b\rc',
    'a: b\nc',
    'a: b\n',
    '\xe9: 1',
  ];
  for (const field of fields) assert.ok(!judge(table, `${line}Host: a\r\n${field}\r\n\r\n`).accepted, field);
  const hosts = [
    '',
    'a b',
    'a:',
    'a:123456',
    'a:b',
    '::1',
    '[::1',
    '[::1]a',
    '[g]',
    '[fe80::1%1]',
    '[]',
    'a@b',
    'a/b',
    'a,b',
    'a%41',
    'a ',
    '\xe9',
  ];
  for (const host of hosts) assert.ok(!judge(table, `${line}Host: ${host}\r\n\r\n`).accepted, host);
  const targets = [
    '/image/a%41',
    '/image//a',
    '/image/./a',
    '/image/..',
    '/image/.',
    '/image/../image/a',
    '/image/a;b',
    '/image/a\\b',
    '/image/#',
    '/image/\xe9',
    '/image/a\tb',
    '/image/ ',
    '//image/a',
    'image/a',
    '*',
    'http://a/image/a',
    '/other',
  ];
  for (const target of targets) assert.ok(!judge(table, `GET ${target} HTTP/1.1\r\nHost: a\r\n\r\n`).accepted, target);
  const heads = [
    `${line}\r\n`,
    `\r\n${line}Host: a\r\n\r\n`,
    `${line}Host: a\r\n\n`,
    `${line}Host: a\n\r\n`,
    `${line}Host: a\r\n\r`,
    'GET  /image/1 HTTP/1.1\r\nHost: a\r\n\r\n',
    'GET /image/1  HTTP/1.1\r\nHost: a\r\n\r\n',
    'GET /image/1\r\n\r\n',
    'GET /image/1 HTTP/1.0\r\nHost: a\r\n\r\n',
    'GET /image/1 http/1.1\r\nHost: a\r\n\r\n',
    'get /image/1 HTTP/1.1\r\nHost: a\r\n\r\n',
    'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
    '',
    '\x16\x03\x01',
  ];
  for (const head of heads) assert.ok(!judge(table, head).accepted, JSON.stringify(head));
});

test('CONNECT and PRI are never judged in the kernel', () => {
  const any = compiled([{}]);
  assert.ok(judge(any.table, 'CONNECTED /a HTTP/1.1\r\nHost: a\r\n\r\n').accepted);
  assert.ok(!judge(any.table, 'CONNECT /a HTTP/1.1\r\nHost: a\r\n\r\n').accepted);
  assert.ok(!judge(any.table, 'PRI /a HTTP/1.1\r\nHost: a\r\n\r\n').accepted);
});

test('field lines are counted', () => {
  const lines = (count: number): string => `${line}Host: a\r\n${'X: y\r\n'.repeat(count - 1)}\r\n`;
  assert.ok(judge(table, lines(FIELDS)).accepted);
  assert.ok(!judge(table, lines(FIELDS + 1)).accepted);
});

test('a long head is left to the proxy', () => {
  const head = (length: number): string => `${line}Host: a\r\nX: ${'y'.repeat(length)}\r\n\r\n`;
  const rest = HEAD_BYTES - head(0).length;
  assert.ok(judge(table, head(rest)).accepted);
  assert.ok(!judge(table, head(rest + 1)).accepted);
});

test('a head may be cut anywhere and is then incomplete', () => {
  const head = `${line}Host: a\r\nX: y\r\n\r\n`;
  for (let length = 0; length < head.length; length++) assert.ok(!judge(table, head.slice(0, length)).accepted);
  assert.equal(judge(table, `${head}${head}`).length, head.length);
});

test('rules are told apart by host, port and headers, in their order', () => {
  const { table } = compiled([
    { path: '/a', host: 'one\\.example', headers: ['X-Token: secret'] },
    { path: '/a', host: '.*\\.example:8080' },
    { path: '/a', host: 'two\\.example', headers: ['X-Seen'] },
    { path: '/a', headers: ['X-Token: other', 'X-Seen'] },
  ]);
  const cases: readonly (readonly [string, readonly string[], number | undefined])[] = [
    ['one.example', ['x-token:  secret '], 0],
    ['ONE.example:80', ['X-TOKEN: secret'], 0],
    ['one.example', ['X-Token: Secret'], undefined],
    ['one.example', ['X-Token: secrets'], undefined],
    ['one.example:8080', ['X-Token: secret', 'X-Seen:'], 0],
    ['one.example:8080', ['X-Token: secret', 'X-Token: secret'], undefined],
    ['one.example:8080', [], 1],
    ['two.example', ['X-Seen: no matter'], 2],
    ['three.example', ['X-Seen: 1', 'X-Token: other'], 3],
    ['three.example', ['X-Token: other'], undefined],
    ['one.example.com', ['X-Seen: 1'], undefined],
  ];
  for (const [host, fields, rule] of cases) {
    for (const lines of [
      [`Host: ${host}`, ...fields],
      [...fields, `Host: ${host}`],
    ]) {
      const { accepted, rule: chosen } = judge(table, `GET /a HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`);
      assert.equal(accepted ? chosen : undefined, rule, lines.join(', '));
    }
  }
});

test('a gRPC rule allows its call over HTTP/1.1 too', () => {
  const { table } = compiled([{ path: '/a' }], [{ service: 'a.B', method: 'C' }, { service: 'd.E' }]);
  assert.equal(judge(table, 'POST /a.B/C HTTP/1.1\r\nHost: a\r\n\r\n').rule, 1);
  assert.equal(judge(table, 'POST /d.E/F HTTP/1.1\r\nHost: a\r\n\r\n').rule, 2);
  assert.ok(!judge(table, 'GET /a.B/C HTTP/1.1\r\nHost: a\r\n\r\n').accepted);
  assert.ok(!judge(table, 'POST /aXB/C HTTP/1.1\r\nHost: a\r\n\r\n').accepted);
});

test('requests that a rule would change go to the proxy, whatever else allows them', () => {
  const { table, notes } = compiled([
    { path: '/.*' },
    { path: '/edit/.*', headerMatches: [{ name: 'X-A', value: 'b', mismatch: 'ADD' }] },
  ]);
  assert.ok(judge(table, 'GET /other HTTP/1.1\r\nHost: a\r\n\r\n').accepted);
  assert.ok(!judge(table, 'GET /edit/a HTTP/1.1\r\nHost: a\r\n\r\n').accepted);
  assert.deepEqual(
    notes.map(({ rule, reason }) => [rule.rule, reason]),
    [['http[1]', 'it changes headers']],
  );
});
