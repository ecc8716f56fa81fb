/** Frames in any order and broken in any place: nothing that no rule allows may reach the server. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { flag, frameHeadBytes, frameType, payloadLength, preface } from '../../../proxy/http2/frames.ts';
import { http2 } from '../../../proxy/http2/http2.ts';
import { AnyEncoder, Chance, damaged, requestFields } from '../../fuzz/hpack-blocks.ts';
import { notDeny } from './rules.ts';
import { TestRelay } from './test-relay.ts';
import { BlockReader, data, type Fields, frame, parse, pushOff, rstStream, settings, windowUpdate } from './wire.ts';

const everyFlag = [0, flag.endStream, flag.endHeaders, flag.endStream | flag.endHeaders, 0xff] as const;

/** One frame that a client may send, or may not. */
function anyFrame(chance: Chance, encoder: AnyEncoder, next: number): Buffer {
  const stream = chance.once(10) ? chance.below(8) : Math.max(1, next - 2);
  switch (chance.below(16)) {
    case 0:
      return data(stream, chance.text('GET /deny HTTP/1.1\r\n', 60), chance.of(everyFlag));
    case 1:
      return rstStream(stream);
    case 2:
      return windowUpdate(stream, chance.below(70_000));
    case 3:
      return settings([chance.of([1, 3, 4, 6]), chance.below(20_000)]);
    case 4:
      return frame(chance.below(12), chance.of(everyFlag), stream, chance.text('abc\0', 40));
    default: {
      const fields = requestFields(chance, chance.once(2) ? '/deny/x' : '/allowed');
      return frame(frameType.headers, flag.endHeaders | chance.below(2), next, encoder.encode(fields));
    }
  }
}

/** Paths of everything that a server could take for a request, in what it received. */
function pathsIn(received: Buffer): string[] {
  const whole: Buffer[] = [];
  let at = preface.length;
  while (at + frameHeadBytes <= received.length) {
    const end = at + frameHeadBytes + payloadLength(received, at);
    if (end > received.length) break;
    whole.push(received.subarray(at, end));
    at = end;
  }
  const reader = new BlockReader();
  reader.decoder.allowCapacity(4096);
  const paths: string[] = [];
  let block: Buffer[] = [];
  for (const { type, flags, payload } of parse(Buffer.concat(whole))) {
    if (type !== frameType.headers && type !== frameType.continuation) {
      assert.equal(block.length, 0, 'another frame inside a header block');
      continue;
    }
    const padding = type === frameType.headers && (flags & flag.padded) !== 0 ? (payload[0] ?? 0) : 0;
    const start = padding > 0 || (flags & flag.padded) !== 0 ? 1 : 0;
    const priority = type === frameType.headers && (flags & flag.priority) !== 0 ? 5 : 0;
    block.push(payload.subarray(start + priority, payload.length - padding));
    if ((flags & flag.endHeaders) === 0) continue;
    const fields: Fields = reader.read(Buffer.concat(block));
    paths.push(...fields.filter(([name]) => name === ':path').map(([, value]) => value));
    block = [];
  }
  return paths;
}

test('whatever a client sends, only allowed requests pass, and nothing throws', () => {
  let passed = 0;
  let survived = 0;
  for (let seed = 1; seed <= 3_000; seed++) {
    const chance = new Chance(seed);
    const relay = new TestRelay(http2, notDeny);
    const encoder = new AnyEncoder(chance, 4096);
    relay.fromServer(settings());
    relay.fromClient(Buffer.concat([preface, pushOff]));
    for (let at = 0; at < 12; at++) {
      const bytes = anyFrame(chance, encoder, at * 2 + 1);
      relay.fromClient(chance.once(30) ? damaged(chance, bytes) : bytes, chance.of([1, 5, 1000]));
    }
    if (!relay.closed) survived += 1;
    const paths = pathsIn(relay.upstream.takeSent());
    passed += paths.length;
    for (const path of paths) assert.ok(!path.includes('/deny'), `seed ${seed}: ${path}`);
  }
  // The test is worth something only if much gets through.
  assert.ok(passed > 2_000 && survived > 100, `${passed} requests, ${survived} connections`);
});
