/** Requests and frames that must not reach a server. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { errorCode, flag, frameType, preface } from '../../../proxy/http2/frames.ts';
import { http2 } from '../../../proxy/http2/http2.ts';
import { notDeny } from './rules.ts';
import { TestRelay } from './test-relay.ts';
import {
  BlockReader,
  data,
  type Fields,
  frame,
  get,
  headers,
  parse,
  post,
  pushOff,
  rstStream,
  settings,
  settingsAck,
  started,
  uint32,
  windowUpdate,
} from './wire.ts';

const without = (name: string, ...more: Fields): Fields => [...get('/').filter(([each]) => each !== name), ...more];

/** [what, fields, answer]. */
const heads: readonly (readonly [string, Fields, string])[] = [
  ['no :method', without(':method'), '400'],
  ['no :path', without(':path'), '400'],
  ['no :scheme', without(':scheme'), '400'],
  ['no authority', without(':authority'), '400'],
  ['an empty :path', without(':path', [':path', '']), '400'],
  ['a second :method', [[':method', 'GET'], ...get('/')], '400'],
  ['a second :path', [[':path', '/'], ...get('/')], '400'],
  ['a second :scheme', [[':scheme', 'http'], ...get('/')], '400'],
  ['a second :authority', [[':authority', 'example'], ...get('/')], '400'],
  ['an unknown pseudo-header field', [[':status', '200'], ...get('/')], '400'],
  ['a pseudo-header field after a regular one', [['a', 'b'], ...get('/')], '400'],
  ['a :path without its slash', get('test.Echo/Unary'), '400'],
  ['a :path that is a URI', get('http://example/'), '400'],
  ['a * with GET', get('*'), '400'],
  ['a fragment', get('/a#b'), '400'],
  ['a backslash', get('/a\\b'), '400'],
  ['a space in :path', get('/a b'), '400'],
  ['a line feed in :path', get('/a\nb'), '400'],
  ['NUL in :path', get('/a\0b'), '400'],
  ['an octet above ASCII in :path', get('/\xe4'), '400'],
  ['a mixed-case scheme', without(':scheme', [':scheme', 'HtTp']).toSorted(([a], [b]) => (a < b ? -1 : 1)), '400'],
  ['a space in :method', [[':method', 'GE T'], ...get('/').slice(1)], '400'],
  ['an upper-case name', get('/', ['X-A', 'b']), '400'],
  ['an empty name', get('/', ['', 'b']), '400'],
  ['a space in a name', get('/', ['a b', 'b']), '400'],
  ['a colon in a name', get('/', ['a:b', 'b']), '400'],
  ['a line feed in a value', get('/', ['a', 'b\nc: d']), '400'],
  ['a carriage return in a value', get('/', ['a', 'b\rc']), '400'],
  ['NUL in a value', get('/', ['a', 'b\0']), '400'],
  ['white space before a value', get('/', ['a', ' b']), '400'],
  ['white space after a value', get('/', ['a', 'b\t']), '400'],
  ['connection', get('/', ['connection', 'close']), '400'],
  ['keep-alive', get('/', ['keep-alive', '1']), '400'],
  ['proxy-connection', get('/', ['proxy-connection', 'close']), '400'],
  ['transfer-encoding', get('/', ['transfer-encoding', 'chunked']), '400'],
  ['transfer_encoding', get('/', ['transfer_encoding', 'chunked']), '400'],
  ['content_length', get('/', ['content_length', '3']), '400'],
  ['upgrade', get('/', ['upgrade', 'websocket']), '400'],
  ['te with more than trailers', get('/', ['te', 'trailers, gzip']), '400'],
  ['host that differs', get('/', ['host', 'other']), '400'],
  ['host in other case', get('/', ['host', 'Example']), '400'],
  ['a second host', get('/', ['host', 'example'], ['host', 'example']), '400'],
  ['userinfo in the authority', without(':authority', ['host', 'user@example']), '400'],
  ['two ports in the authority', without(':authority', ['host', 'example:80:81']), '400'],
  ['a port alone in the authority', without(':authority', ['host', ':80']), '400'],
  ['a list in the authority', without(':authority', ['host', 'example,other']), '400'],
  ['a path in the authority', without(':authority', ['host', 'example/x']), '400'],
  ['an empty authority', without(':authority', ['host', '']), '400'],
  ['content-length without DATA', get('/', ['content-length', '5']), '400'],
  ['a content-length that is no number', get('/', ['content-length', '+0']), '400'],
  ['an empty content-length', get('/', ['content-length', '']), '400'],
  ['two content-lengths', get('/', ['content-length', '0'], ['content-length', '0']), '400'],
  ['a list of content-lengths', get('/', ['content-length', '0, 0']), '400'],
  ['two content-types', get('/', ['content-type', 'a/b'], ['content-type', 'application/grpc']), '400'],
  [':protocol without CONNECT', [[':protocol', 'websocket'], ...get('/')], '400'],
  [
    'extended CONNECT that the server did not offer',
    [[':method', 'CONNECT'], [':protocol', 'websocket'], ...get('/').slice(1)],
    '403',
  ],
  ['CONNECT with a :path', [[':method', 'CONNECT'], ...get('/').slice(1)], '400'],
  [
    'CONNECT',
    [
      [':method', 'CONNECT'],
      [':authority', 'example:80'],
    ],
    '403',
  ],
  ['CONNECT for another protocol', [[':method', 'CONNECT'], [':protocol', 'connect-udp'], ...get('/').slice(1)], '403'],
];

for (const [what, fields, status] of heads) {
  test(`answers ${status} to ${what}, and goes on`, () => {
    const relay = started();
    relay.fromClient(headers(1, fields));
    const [answer, body] = parse(relay.downstream.takeSent());
    assert.deepEqual(new BlockReader().read(answer?.payload ?? Buffer.alloc(0))[0], [':status', status]);
    assert.equal(body?.payload.toString(), status === '400' ? 'Bad request\r\n' : 'Access denied\r\n');
    assert.equal(relay.upstream.takeSent().length, 0);
    assert.equal(relay.flows[0]?.verdict, 'DENY');
    relay.fromClient(headers(3, get('/next')));
    const [next] = parse(relay.upstream.takeSent());
    assert.equal(next?.stream, 3);
    assert.deepEqual(new BlockReader().read(next?.payload ?? Buffer.alloc(0)), get('/next'));
    assert.equal(relay.closed, undefined);
  });
}

const open = flag.endHeaders;
const { protocol, frameSize, streamClosed, compression, enhanceYourCalm, flowControl } = errorCode;

/** A payload without data. */
function padding(count: number, last: number): Buffer {
  return Buffer.from([count, ...Buffer.alloc(count - 1), last]);
}

/** [what, what the client sends after its hello, error of the connection]. */
const connections: readonly (readonly [string, readonly Uint8Array[], number])[] = [
  ['HEADERS on stream 0', [headers(0, get('/'))], protocol],
  ['HEADERS on an even stream', [headers(2, get('/'))], protocol],
  ['HEADERS that ended already', [headers(1, get('/')), headers(1, get('/'))], protocol],
  ['a second request on an open stream', [headers(1, post('/'), open), headers(1, post('/'))], protocol],
  ['trailers that do not end', [headers(1, post('/'), open), headers(1, [['a', 'b']], open)], protocol],
  ['trailers after the end', [headers(1, post('/')), headers(1, [['a', 'b']])], streamClosed],
  ['trailers with authorization', [headers(1, post('/'), open), headers(1, [['authorization', 'b']])], protocol],
  ['trailers with content-length', [headers(1, post('/'), open), headers(1, [['content-length', '1']])], protocol],
  ['an older stream', [headers(3, get('/')), headers(1, get('/'))], protocol],
  ['a block that does not decode', [frame(frameType.headers, 5, 1, Buffer.from([0xff, 0xff]))], compression],
  ['a field of an empty table', [frame(frameType.headers, 5, 1, Buffer.from([0xbe]))], compression],
  ['another frame inside a block', [headers(1, get('/'), 1), settings()], protocol],
  ['another stream inside a block', [headers(1, get('/'), 1), frame(frameType.continuation, 4, 3)], protocol],
  ['CONTINUATION without HEADERS', [frame(frameType.continuation, 4, 1)], protocol],
  ['padding longer than HEADERS', [frame(frameType.headers, 5 | flag.padded, 1, Buffer.from([9, 0x82]))], protocol],
  ['HEADERS too short for a priority', [frame(frameType.headers, 5 | flag.priority, 1, '123')], protocol],
  [
    'a stream that depends on itself',
    [frame(frameType.headers, 5 | flag.priority, 1, Buffer.from([0, 0, 0, 1, 0, 0x82]))],
    protocol,
  ],
  ['PRIORITY on itself', [frame(frameType.priority, 0, 1, Buffer.from([0, 0, 0, 1, 0]))], protocol],
  ['PRIORITY of a wrong length', [frame(frameType.priority, 0, 1, '1234')], protocol],
  ['a reserved bit', [Buffer.from([0, 0, 0, 6, 0, 0x80, 0, 0, 0])], protocol],
  ['DATA on stream 0', [data(0, 'x')], protocol],
  ['DATA on an idle stream', [data(1, 'x')], protocol],
  ['DATA after the end', [headers(1, get('/')), data(1, 'x')], streamClosed],
  ['more DATA than content-length', [headers(1, post('/', ['content-length', '1']), open), data(1, 'xy')], protocol],
  ['less DATA than content-length', [headers(1, post('/', ['content-length', '3']), open), data(1, 'xy', 1)], protocol],
  [
    'trailers before content-length is reached',
    [headers(1, post('/', ['content-length', '3']), open), headers(1, [['a', 'b']])],
    protocol,
  ],
  ['padding longer than DATA', [headers(1, post('/'), open), data(1, Buffer.from([2, 0]), flag.padded)], protocol],
  ['padding of DATA that is not zeros', [headers(1, post('/'), open), data(1, padding(9, 1), flag.padded)], protocol],
  [
    'padding of DATA shorter than a frame',
    [headers(1, post('/'), open), data(1, padding(8, 0), flag.padded)],
    protocol,
  ],
  ['padded DATA of no length', [headers(1, post('/'), open), data(1, '', flag.padded)], frameSize],
  ['RST_STREAM on an idle stream', [rstStream(1)], protocol],
  ['RST_STREAM of a wrong length', [headers(1, get('/')), frame(frameType.rstStream, 0, 1, '123')], frameSize],
  ['WINDOW_UPDATE of 0', [windowUpdate(0, 0)], protocol],
  ['WINDOW_UPDATE of 0 on a stream', [headers(1, get('/')), windowUpdate(1, 0)], protocol],
  ['WINDOW_UPDATE on an idle stream', [windowUpdate(5, 1)], protocol],
  ['WINDOW_UPDATE above the maximum', [windowUpdate(0, 0x7fffffff)], flowControl],
  ['WINDOW_UPDATE of a wrong length', [frame(frameType.windowUpdate, 0, 0, '123')], frameSize],
  ['PING of a wrong length', [frame(frameType.ping, 0, 0, '123')], frameSize],
  ['PING on a stream', [frame(frameType.ping, 0, 1, '12345678')], protocol],
  ['SETTINGS on a stream', [frame(frameType.settings, 0, 1)], protocol],
  ['SETTINGS of a wrong length', [frame(frameType.settings, 0, 0, '123')], frameSize],
  ['an ACK with a payload', [frame(frameType.settings, 1, 0, '123456')], frameSize],
  ['ENABLE_PUSH of 2', [settings([2, 2])], protocol],
  ['a window above the maximum', [settings([4, 0x80000000])], flowControl],
  ['a frame size out of range', [settings([5, 100])], protocol],
  ['more settings than there are', [settings(...Array.from({ length: 40 }, () => [3, 1] as const))], enhanceYourCalm],
  ['PUSH_PROMISE of a client', [frame(frameType.pushPromise, 4, 1, uint32(2))], protocol],
  ['GOAWAY of a wrong length', [frame(frameType.goAway, 0, 0, '123')], protocol],
  ['a frame larger than the server accepts', [headers(1, post('/'), open), data(1, Buffer.alloc(16_385))], frameSize],
];

for (const [what, frames, code] of connections) {
  test(`ends the connection for ${what}`, () => {
    const bytes = Buffer.concat(frames);
    for (const chunk of [bytes.length, 1]) {
      const relay = started();
      relay.fromClient(bytes, chunk);
      const goAway = parse(relay.downstream.takeSent()).at(-1);
      assert.equal(goAway?.type, frameType.goAway);
      assert.equal(goAway?.payload.readUInt32BE(4), code);
      assert.ok(relay.closed?.cause === 'malformed' || relay.closed?.cause === 'limit');
      assert.equal(relay.flows.at(-1)?.verdict, 'DENY');
      assert.equal(relay.flows.at(-1)?.reason, relay.closed.cause);
    }
  });
}

test('a first frame that is not SETTINGS ends the connection', () => {
  for (const first of [settingsAck, headers(1, get('/')), frame(frameType.ping, 0, 0, '12345678')]) {
    const relay = new TestRelay(http2, notDeny);
    relay.fromServer(settings());
    relay.fromClient(Buffer.concat([preface, first]));
    assert.equal(relay.closed?.cause, 'malformed');
    assert.equal(relay.upstream.takeSent().length, preface.length);
  }
});

test('a wrong preface reaches nobody', () => {
  const relay = new TestRelay(http2, notDeny);
  relay.fromClient(Buffer.from('PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n'), 1);
  assert.equal(relay.closed?.cause, 'malformed');
  assert.equal(relay.upstream.takeSent().length, 0);
});

test('nothing that a request could hide in reaches a server before it says that it speaks HTTP/2', () => {
  const relay = new TestRelay(http2, notDeny);
  const request = Buffer.concat([headers(1, post('/'), open), data(1, 'GET /deny HTTP/1.1\r\n\r\n', 1)]);
  relay.fromClient(Buffer.concat([preface, pushOff, windowUpdate(0, 1000), request]));
  assert.deepEqual(relay.upstream.takeSent(), Buffer.concat([preface, pushOff, windowUpdate(0, 1000)]));
  relay.fromServer(Buffer.from('HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n'));
  assert.equal(relay.closed?.cause, 'malformed');
  assert.equal(relay.upstream.takeSent().length, 0);

  const other = new TestRelay(http2, notDeny);
  other.fromClient(Buffer.concat([preface, pushOff, request]));
  other.upstream.takeSent();
  other.fromServer(settings());
  assert.deepEqual(other.upstream.takeSent(), request);
});
