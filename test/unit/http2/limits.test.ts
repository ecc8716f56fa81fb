/** What a client may ask of a server's time and memory. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { errorCode, flag, frameType, preface } from '../../../proxy/http2/frames.ts';
import { encodeBlock } from '../../../proxy/http2/hpack/encoder.ts';
import { http2 } from '../../../proxy/http2/http2.ts';
import { limits } from '../../../src/limits.ts';
import { notDeny } from './rules.ts';
import { TestRelay } from './test-relay.ts';
import { data, frame, get, headers, parse, post, rstStream, settings, started, windowUpdate } from './wire.ts';

const open = flag.endHeaders;
const ping = frame(frameType.ping, 0, 0, '12345678');

function endedByLimit(relay: TestRelay): void {
  assert.equal(relay.closed?.cause, 'limit');
  const goAway = parse(relay.downstream.takeSent()).at(-1);
  assert.equal(goAway?.type, frameType.goAway);
  assert.equal(goAway.payload.readUInt32BE(4), errorCode.enhanceYourCalm);
  assert.equal(relay.flows.at(-1)?.reason, 'limit');
}

/** Sends what `make` gives until the connection ends. @returns how often that was. */
function flood(relay: TestRelay, make: (index: number) => Buffer, most: number): number {
  let count = 0;
  while (!relay.closed && count < most) {
    relay.fromClient(make(count));
    count += 1;
  }
  return count;
}

test('rapid reset', () => {
  const relay = started();
  const count = flood(
    relay,
    (index) => Buffer.concat([headers(index * 2 + 1, get('/')), rstStream(index * 2 + 1)]),
    5_000,
  );
  assert.equal(count, limits.http2ResetBurst + 1);
  endedByLimit(relay);
});

test('resets that the allowance covers', () => {
  const relay = started();
  for (let index = 0; index < 3 * limits.http2ResetBurst; index++) {
    relay.time += 1_000 / limits.http2ResetsPerSecond;
    relay.fromClient(Buffer.concat([headers(index * 2 + 1, get('/')), rstStream(index * 2 + 1)]));
  }
  assert.equal(relay.closed, undefined);
});

test('resets that the client makes the server send (MadeYouReset)', () => {
  const relay = started();
  let count = 0;
  for (; relay.closed === undefined && count < 5_000; count++) {
    const stream = count * 2 + 1;
    // The window of the stream overflows in the server, which only it knows.
    relay.fromClient(Buffer.concat([headers(stream, get('/')), windowUpdate(stream, 0x7fffffff)]));
    relay.fromServer(rstStream(stream, errorCode.flowControl));
  }
  assert.equal(count, limits.http2ResetBurst + 1);
  endedByLimit(relay);
});

test('resets that are the server’s own wish do not count', () => {
  const relay = started();
  for (let index = 0; index < 2 * limits.http2ResetBurst; index++) {
    relay.fromClient(headers(index * 2 + 1, post('/'), open));
    relay.fromServer(
      Buffer.concat([headers(index * 2 + 1, [[':status', '200']]), rstStream(index * 2 + 1, errorCode.none)]),
    );
  }
  assert.equal(relay.closed, undefined);
});

const floods: readonly (readonly [string, () => Buffer])[] = [
  ['PING', () => ping],
  ['SETTINGS', () => settings()],
  ['SETTINGS acknowledgements', () => frame(frameType.settings, flag.ack, 0)],
  ['PRIORITY', () => frame(frameType.priority, 0, 1, Buffer.from([0, 0, 0, 3, 9]))],
  ['unknown frames', () => frame(0xbb, 0, 0, 'grease')],
  ['empty DATA', () => data(1, '')],
  ['padding without DATA', () => data(1, Buffer.from([9, ...Buffer.alloc(9)]), flag.padded)],
];
for (const [what, make] of floods) {
  test(`a flood of ${what}`, () => {
    const relay = started();
    relay.fromClient(headers(1, post('/'), open));
    const count = flood(relay, make, 5_000);
    assert.ok(count >= limits.http2ControlBurst - 1 && count <= limits.http2ControlBurst + 1);
    endedByLimit(relay);
  });
}

test('a PING a round trip, and acknowledgements, are no flood', () => {
  const relay = started();
  for (let index = 0; index < 20_000; index++) {
    if (index % 5 === 0) relay.time += 1;
    relay.fromClient(index % 2 === 0 ? ping : frame(frameType.ping, flag.ack, 0, '12345678'));
  }
  assert.equal(relay.closed, undefined);
});

test('CONTINUATION frames', () => {
  const relay = started();
  relay.fromClient(headers(1, get('/'), flag.endStream));
  const count = flood(relay, () => frame(frameType.continuation, 0, 1), 5_000);
  assert.equal(count, limits.http2Continuations);
  endedByLimit(relay);
});

test('a header block that is larger than is held', () => {
  const relay = started();
  relay.fromClient(headers(1, get('/'), flag.endStream));
  flood(relay, () => frame(frameType.continuation, 0, 1, Buffer.alloc(16_000)), 10);
  endedByLimit(relay);
  assert.equal(relay.upstream.takeSent().length, 0);
});

test('a block that is small as sent and large as read', () => {
  const relay = started();
  const large = encodeBlock([['x-large', 'v'.repeat(3_000)]]);
  large[0] = 0x40;
  const bomb = Buffer.concat([encodeBlock(get('/')), large, Buffer.alloc(20, 0xbe)]);
  relay.fromClient(frame(frameType.headers, flag.endStream | flag.endHeaders, 1, bomb));
  endedByLimit(relay);
  assert.equal(relay.upstream.takeSent().length, 0);
});

test('crumbs of a cookie count each', () => {
  const relay = started();
  const crumbs = Array.from({ length: limits.httpHeadFields }, () => ['cookie', ''] as const);
  relay.fromClient(headers(1, get('/', ...crumbs)));
  endedByLimit(relay);
});

test('streams at once', () => {
  const relay = started();
  for (let index = 0; index < limits.http2Streams; index++) relay.fromClient(headers(index * 2 + 1, get('/')));
  relay.upstream.takeSent();
  const next = limits.http2Streams * 2 + 1;
  relay.fromClient(headers(next, get('/')));
  assert.equal(relay.upstream.takeSent().length, 0);
  const [refused] = parse(relay.downstream.takeSent());
  assert.deepEqual([refused?.type, refused?.payload.readUInt32BE(0)], [frameType.rstStream, errorCode.refusedStream]);
  relay.fromServer(headers(1, [[':status', '200']]));
  relay.fromClient(headers(next + 2, get('/')));
  assert.equal(parse(relay.upstream.takeSent()).length, 1);
});

test('a client that does not read its denials is not read either', () => {
  const relay = started();
  const requests = Buffer.concat(
    Array.from({ length: 10_000 }, (_, index) => headers(index * 2 + 1, get(`/deny/${'x'.repeat(10)}`))),
  );
  relay.downstream.backlog = limits.relayBacklogHighBytes + 1;
  relay.fromClient(requests);
  assert.equal(relay.flows.length, 0);
  relay.downstream.backlog = 0;
  relay.protocol.onDrain();
  assert.equal(relay.flows.length, 10_000);
  assert.equal(relay.downstream.arrived().length, 0);
});

test('denials that wait for the end of a long frame of the server are bounded', () => {
  const relay = started();
  relay.fromClient(headers(1, get('/')));
  relay.fromServer(headers(1, [[':status', '200']], open));
  const long = data(1, Buffer.alloc(10_000));
  relay.fromServer(long.subarray(0, 1_000));
  relay.fromClient(Buffer.concat(Array.from({ length: 5_000 }, (_, index) => headers(index * 2 + 3, get('/deny')))));
  assert.ok(relay.flows.length < 2_000);
  relay.fromServer(long.subarray(1_000));
  assert.equal(relay.flows.length, 5_001);
});

function causeOf(relay: TestRelay): string | undefined {
  return relay.closed?.cause;
}

test('a head that does not end', () => {
  const slow = started();
  slow.fromClient(headers(1, get('/')).subarray(0, 20));
  for (let second = 0; second < 70; second++) {
    slow.time += 1_000;
    slow.tick();
  }
  assert.equal(causeOf(slow), 'head-timeout');

  const preceding = new TestRelay(http2, notDeny);
  preceding.fromClient(preface.subarray(0, 10));
  preceding.time += limits.httpHeadTimeoutMs + 1;
  preceding.tick();
  assert.equal(causeOf(preceding), 'head-timeout');
});
