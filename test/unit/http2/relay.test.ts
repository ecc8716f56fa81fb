/** Frame by frame: what passes, what is changed and what is kept back. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { flag, frameType, preface } from '../../../proxy/http2/frames.ts';
import { encodeBlock } from '../../../proxy/http2/hpack/encoder.ts';
import { http2 } from '../../../proxy/http2/http2.ts';
import { limits } from '../../../src/limits.ts';
import { notDeny, nothing } from './rules.ts';
import { TestRelay } from './test-relay.ts';
import {
  BlockReader,
  data,
  type Frame,
  frame,
  get,
  headers,
  hello,
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

const open = flag.endHeaders;
const grpc = [
  ['content-type', 'application/grpc'],
  ['te', 'trailers'],
] as const;

function blockOf(at: Frame | undefined): Buffer {
  assert.equal(at?.type, frameType.headers);
  return at.payload;
}

/** HEADERS with padding and a priority. */
function padded(stream: number, block: Buffer): Buffer {
  const payload = Buffer.concat([Buffer.from([3, 0, 0, 0, 0, 15]), block, Buffer.alloc(3)]);
  return frame(frameType.headers, flag.endStream | flag.endHeaders | flag.padded | flag.priority, stream, payload);
}

function split(stream: number, block: Buffer): Buffer {
  return Buffer.concat([
    frame(frameType.headers, flag.endStream, stream, block.subarray(0, 3)),
    frame(frameType.continuation, 0, stream),
    frame(frameType.continuation, flag.endHeaders, stream, block.subarray(3)),
  ]);
}

test('what is allowed passes octet for octet in both directions', () => {
  const fromClient = Buffer.concat([
    hello,
    windowUpdate(0, 1_000_000),
    frame(frameType.priority, 0, 5, Buffer.from([0, 0, 0, 3, 9])),
    padded(1, encodeBlock(get('/one'))),
    headers(3, post('/two'), open),
    data(3, Buffer.from([9, 0x61, 0x62, ...Buffer.alloc(9)]), flag.padded),
    split(5, encodeBlock(get('/three'))),
    headers(3, [['x-trailer', 'sum']]),
    settingsAck,
    frame(frameType.ping, 0, 0, '12345678'),
    rstStream(5),
    frame(frameType.goAway, 0, 0, Buffer.alloc(8)),
  ]);
  const fromServer = Buffer.concat([
    settings([3, 100], [1, 8192]),
    settingsAck,
    frame(frameType.headers, open, 1, encodeBlock([[':status', '103']])),
    frame(frameType.headers, open, 1, encodeBlock([[':status', '200']])),
    data(1, 'x'.repeat(1000)),
    data(1, '', flag.endStream),
    split(3, encodeBlock([[':status', '204']])),
    frame(0xa, 0, 0, 'an unknown extension'),
    frame(frameType.ping, flag.ack, 0, '12345678'),
  ]);
  for (const chunk of [1, 2, 5, 13, 1 << 20]) {
    const relay = new TestRelay(http2, notDeny);
    relay.fromClient(hello, chunk);
    relay.fromServer(fromServer.subarray(0, 21), chunk);
    relay.fromClient(fromClient.subarray(hello.length), chunk);
    relay.fromServer(fromServer.subarray(21), chunk);
    assert.ok(relay.upstream.takeSent().equals(fromClient), `chunk ${chunk}`);
    assert.ok(relay.downstream.takeSent().equals(fromServer), `chunk ${chunk}`);
    assert.equal(relay.closed, undefined);
    assert.equal(relay.flows.length, 3);
  }
});

test('settings are changed where they must be', () => {
  const relay = new TestRelay(http2, notDeny);
  relay.fromClient(Buffer.concat([preface, settings([1, 1 << 20], [4, 70_000])]));
  assert.deepEqual(
    relay.upstream.takeSent(),
    Buffer.concat([preface, settings([1, limits.http2TableBytes], [4, 70_000], [2, 0])]),
  );
  relay.fromServer(settings([1, 1 << 24], [3, 5], [0xfe03, 1]));
  assert.deepEqual(relay.downstream.takeSent(), settings([1, limits.http2TableBytes], [3, 5], [0xfe03, 0]));
  relay.fromClient(settings([2, 1]));
  assert.deepEqual(relay.upstream.takeSent(), pushOff);
  relay.fromClient(settings([4, 80_000]));
  assert.deepEqual(relay.upstream.takeSent(), settings([4, 80_000]));
});

test('after a denial nothing of its stream passes, and its DATA is credited', () => {
  const relay = started();
  relay.fromClient(
    Buffer.concat([
      headers(1, post('/deny'), open),
      data(1, 'x'.repeat(500)),
      data(1, Buffer.concat([Buffer.from([9]), Buffer.alloc(20)]), flag.padded),
      windowUpdate(1, 5),
      frame(frameType.priority, 0, 1, Buffer.from([0, 0, 0, 3, 9])),
      headers(1, [['x-trailer', 'sum']]),
      rstStream(1),
    ]),
  );
  assert.equal(relay.upstream.takeSent().length, 0);
  const [head, body, stop, credit] = parse(relay.downstream.takeSent());
  assert.deepEqual(new BlockReader().read(blockOf(head)), [
    [':status', '403'],
    ['content-type', 'text/plain'],
    ['content-length', '15'],
  ]);
  assert.equal(body?.flags, flag.endStream);
  assert.deepEqual([stop?.type, stop?.payload.readUInt32BE(0)], [frameType.rstStream, 0]);
  assert.deepEqual([credit?.type, credit?.stream, credit?.payload.readUInt32BE(0)], [frameType.windowUpdate, 0, 521]);
});

test('a denied gRPC call gets trailers alone, a denied HEAD no body, a small window no body', () => {
  const relay = started();
  relay.fromClient(headers(1, post('/deny.Service/Method', ...grpc), open));
  const [call, stop] = parse(relay.downstream.takeSent());
  assert.equal(call?.flags, flag.endStream | flag.endHeaders);
  assert.deepEqual(new BlockReader().read(blockOf(call)), [
    [':status', '200'],
    ['content-type', 'application/grpc'],
    ['grpc-status', '7'],
    ['grpc-message', 'Access denied'],
  ]);
  assert.equal(stop?.type, frameType.rstStream);
  assert.deepEqual(relay.flows[0]?.l7, { protocol: 'grpc', service: 'deny.Service', method: 'Method', status: 7 });

  relay.fromClient(headers(3, [[':method', 'HEAD'], ...get('/deny').slice(1)]));
  const answers = parse(relay.downstream.takeSent());
  assert.deepEqual([answers.length, answers[0]?.flags], [1, flag.endStream | flag.endHeaders]);

  relay.fromClient(Buffer.concat([settings([4, 3]), headers(5, get('/deny'))]));
  const small = parse(relay.downstream.takeSent());
  assert.deepEqual([small.length, small[0]?.flags], [1, flag.endStream | flag.endHeaders]);
  assert.deepEqual(new BlockReader().read(blockOf(small[0])), [[':status', '403']]);
});

test('a client of large frames is answered without a body: one frame may fill its whole window', () => {
  const relay = started();
  relay.fromClient(Buffer.concat([settings([5, 65_535]), headers(1, get('/deny')), headers(3, get('/'))]));
  const answers = parse(relay.downstream.takeSent());
  assert.deepEqual([answers.length, answers[0]?.flags], [1, flag.endStream | flag.endHeaders]);
  const body = data(3, Buffer.alloc(65_535));
  relay.fromServer(body);
  assert.deepEqual(relay.downstream.takeSent(), body);
});

test('gRPC-Web and other types are plain HTTP', () => {
  const relay = started();
  for (const [index, type] of ['application/grpc-web', 'application/grpcx', 'application/json'].entries()) {
    relay.fromClient(headers(index * 2 + 1, post('/deny.S/M', ['content-type', type])));
    assert.deepEqual(new BlockReader().read(blockOf(parse(relay.downstream.takeSent())[0]))[0], [':status', '403']);
  }
});

test('the first block after a denial empties the table of the server, and padding and priority go', () => {
  const relay = started();
  const server = new BlockReader();
  const indexed = encodeBlock(get('/', ['x-token', 'kept in the table']));
  const client = Buffer.concat([indexed.subarray(0, -27), Buffer.from([0x40]), indexed.subarray(-26)]);
  assert.deepEqual(server.read(client), get('/', ['x-token', 'kept in the table']));
  relay.fromClient(frame(frameType.headers, 5, 1, client));
  const [first] = parse(relay.upstream.takeSent());
  assert.deepEqual(blockOf(first), client);
  relay.fromClient(headers(3, get('/deny')));
  // Index 62 is the newest entry of the client's table.
  relay.fromClient(padded(5, Buffer.concat([encodeBlock(get('/')), Buffer.from([0xbe])])));
  relay.fromClient(split(7, Buffer.concat([encodeBlock(get('/')), Buffer.from([0xbe])])));
  const [second, third] = parse(relay.upstream.takeSent());
  for (const block of [second, third]) {
    assert.equal(block?.flags, flag.endStream | flag.endHeaders);
    assert.deepEqual(server.read(blockOf(block)), get('/', ['x-token', 'kept in the table']));
  }
  assert.equal(server.decoder.tableBytes, 0);
  assert.equal(blockOf(second)[0], 0x20);
});

test('fields that no hop may index stay so', () => {
  const relay = started();
  relay.fromClient(headers(1, get('/deny')));
  const secret = Buffer.concat([encodeBlock(get('/')), Buffer.from([0x10, 1, 0x61, 1, 0x62])]);
  relay.fromClient(frame(frameType.headers, 5, 3, secret));
  const [block] = parse(relay.upstream.takeSent());
  assert.ok(blockOf(block).includes(Buffer.from([0x10, 1, 0x61, 1, 0x62])));
});

test('answers wait for the end of the server’s frame and of its header block', () => {
  const relay = started();
  relay.fromClient(headers(1, get('/one')));
  relay.fromServer(frame(frameType.headers, open, 1, encodeBlock([[':status', '200']])));
  const body = data(1, 'y'.repeat(1000));
  relay.fromServer(body.subarray(0, 500));
  relay.downstream.takeSent();
  relay.fromClient(headers(3, get('/deny')));
  assert.equal(relay.downstream.takeSent().length, 0);
  relay.fromServer(body.subarray(500));
  const sent = relay.downstream.takeSent();
  assert.ok(sent.subarray(0, 500 + 9).equals(body.subarray(500)));
  assert.equal(parse(sent.subarray(509))[0]?.stream, 3);

  const trailers = split(1, encodeBlock([['x-trailer', 'sum']]));
  relay.fromServer(trailers.subarray(0, 14));
  relay.fromClient(headers(5, get('/deny')));
  relay.fromServer(trailers.subarray(14));
  assert.deepEqual(
    parse(relay.downstream.takeSent()).map(({ stream, type }) => [stream, type]),
    [
      [5, frameType.headers],
      [5, frameType.data],
      [1, frameType.headers],
      [1, frameType.continuation],
      [1, frameType.continuation],
    ],
  );
});

test('the server’s DATA waits while our own bodies overdraw the window of the client', () => {
  const relay = started();
  relay.fromClient(Buffer.concat([headers(1, get('/one')), headers(3, get('/deny'))]));
  relay.downstream.takeSent();
  relay.fromServer(headers(1, [[':status', '200']], open));
  // The server believes that it has 65,535 octets; 15 of them are used.
  const body = Buffer.concat([
    ...Array.from({ length: 3 }, () => data(1, Buffer.alloc(16_384))),
    data(1, Buffer.alloc(16_383)),
  ]);
  relay.fromServer(body);
  assert.equal(parse(relay.downstream.takeSent()).length, 4);
  relay.fromClient(windowUpdate(0, 10));
  assert.equal(relay.downstream.takeSent().length, 0);
  assert.equal(relay.upstream.takeSent().length, parse(Buffer.alloc(0)).length + headers(1, get('/one')).length);
  relay.fromClient(windowUpdate(0, 100));
  assert.equal(parse(relay.downstream.takeSent())[0]?.payload.length, 16_383);
  assert.deepEqual(relay.upstream.takeSent(), windowUpdate(0, 95));
});

test('a request that comes again octet for octet is judged again, and checked against its own frame', () => {
  const relay = started();
  // Neither block is put into the table: `:path` and content-length are literals.
  const block = [
    ...get('/').filter(([name]) => name !== ':path'),
    [':path', '/again'],
    ['content-length', '1'],
  ] as const;
  const flags = flag.endHeaders;
  relay.fromClient(Buffer.concat([headers(1, block, flags), data(1, 'x', flag.endStream)]));
  const first = relay.upstream.takeSent();
  relay.fromClient(Buffer.concat([headers(3, block, flags), data(3, 'x', flag.endStream)]));
  assert.equal(relay.upstream.takeSent().length, first.length);
  relay.fromClient(headers(5, block));
  assert.equal(relay.upstream.takeSent().length, 0);
  assert.deepEqual(new BlockReader().read(blockOf(parse(relay.downstream.takeSent())[0]))[0], [':status', '400']);
  relay.ruleSet = nothing;
  relay.protocol.onPolicy();
  relay.fromClient(headers(7, block, flags));
  assert.equal(relay.upstream.takeSent().length, 0);
  assert.deepEqual(new BlockReader().read(blockOf(parse(relay.downstream.takeSent())[0]))[0], [':status', '403']);
  assert.deepEqual(
    relay.flows.map(({ reason }) => reason),
    ['malformed', 'no-rule'],
  );
});

test('a new rule set holds from the next request on', () => {
  const relay = started();
  relay.fromClient(headers(1, post('/one'), open));
  relay.ruleSet = nothing;
  relay.protocol.onPolicy();
  relay.fromClient(Buffer.concat([data(1, 'goes on'), headers(3, post('/one'))]));
  assert.deepEqual(
    parse(relay.upstream.takeSent()).map(({ stream }) => stream),
    [1, 1],
  );
  relay.ruleSet = notDeny;
  relay.protocol.onPolicy();
  relay.fromClient(headers(5, post('/one')));
  assert.deepEqual(
    parse(relay.upstream.takeSent()).map(({ stream }) => stream),
    [5],
  );
});

test('a verdict that a field decided is not remembered', () => {
  const relay = started();
  relay.fromClient(headers(1, get('/ask', ['x-allowed', 'yes'])));
  assert.equal(parse(relay.upstream.takeSent()).length, 1);
  relay.fromClient(headers(3, get('/ask')));
  assert.equal(relay.upstream.takeSent().length, 0);
});

/** What the client was told: type and last stream of a GOAWAY, or type and code of an RST_STREAM. */
function told(relay: TestRelay): (number | undefined)[][] {
  return parse(relay.downstream.takeSent()).map(({ type, payload }) => [type, payload.readUInt32BE(0)]);
}

const announced = [frameType.goAway, 0x7fffffff];

function lastCallPasses(relay: TestRelay): void {
  relay.tick();
  assert.equal(relay.closed, undefined);
  relay.time += limits.http2LastCallMs;
  relay.tick();
}

test('draining announces the end, and ends an idle connection then, one in use after its requests', () => {
  const early = new TestRelay(http2, notDeny);
  early.fromClient(Buffer.concat([hello, headers(1, get('/'))]));
  early.protocol.onStop();
  assert.equal(early.closed, undefined, 'its request has not passed yet');
  assert.equal(early.downstream.takeSent().length, 0);
  early.fromServer(settings());
  early.downstream.takeSent();
  early.tick();
  assert.deepEqual(told(early), [announced]);
  assert.ok(early.upstream.takeSent().includes(headers(1, get('/'))));

  const idle = started();
  idle.protocol.onStop();
  assert.deepEqual(told(idle), [announced]);
  lastCallPasses(idle);
  assert.deepEqual(told(idle), [[frameType.goAway, 0]]);
  assert.equal(idle.closed?.cause, 'drain');

  const used = started();
  used.fromClient(headers(1, get('/')));
  used.protocol.onStop();
  used.fromClient(headers(3, get('/')));
  assert.deepEqual(told(used), [announced]);
  lastCallPasses(used);
  used.fromClient(headers(5, get('/')));
  assert.deepEqual(told(used), [
    [frameType.goAway, 3],
    [frameType.rstStream, 7],
  ]);
  assert.equal(used.closed, undefined);
  for (const stream of [1, 3]) used.fromServer(headers(stream, [[':status', '204']]));
  assert.deepEqual([used.flows[0]?.l7?.protocol, used.flows.length], ['http', 3]);
  const { closed } = used as { closed: TestRelay['closed'] };
  assert.equal(closed?.cause, 'drain');
});

test('a push of the server ends the connection', () => {
  const relay = started();
  relay.fromClient(headers(1, get('/one')));
  relay.fromServer(frame(frameType.pushPromise, 4, 1, Buffer.concat([uint32(2), encodeBlock(get('/pushed'))])));
  assert.equal(relay.closed?.cause, 'malformed');
  assert.equal(parse(relay.downstream.takeSent())[0]?.type, frameType.goAway);
});

test('ends are passed on, a frame that was cut off is not', () => {
  const relay = started();
  relay.fromClient(headers(1, get('/one')));
  relay.clientEnds();
  assert.equal(relay.upstream.ending, true);
  relay.fromServer(headers(1, [[':status', '204']]));
  assert.equal(parse(relay.downstream.takeSent()).length, 1);
  relay.serverEnds();
  assert.equal(relay.downstream.ending, true);
  assert.equal(relay.closed?.cause, 'client-closed');

  const cut = started();
  cut.fromClient(headers(1, get('/one')).subarray(0, 20));
  cut.clientEnds();
  assert.equal(cut.upstream.takeSent().length, 0);
  assert.equal(cut.closed?.cause, 'client-closed');
});

test('requests without an answer are recorded when the connection is gone', () => {
  const relay = started();
  relay.fromClient(Buffer.concat([headers(1, get('/one')), headers(3, post('/S/M', ...grpc), open)]));
  relay.close('reset', 'client-reset');
  relay.protocol.onClosed('client-reset');
  assert.deepEqual(
    relay.flows.map(({ verdict, status, l7 }) => [verdict, status, l7?.protocol]),
    [
      ['ALLOW', undefined, 'http'],
      ['ALLOW', undefined, 'grpc'],
    ],
  );
});
