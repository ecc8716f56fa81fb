/** Whatever is denied and however fields are encoded, each peer reads what the other one wrote. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { flag, frameType } from '../../../proxy/http2/frames.ts';
import { AnyEncoder, Chance, requestFields } from '../../fuzz/hpack-blocks.ts';
import { difference } from '../../fuzz/hpack-compare.ts';
import { Nghttp2 } from '../../fuzz/hpack-oracle.ts';
import { BlockReader, type Fields, frame, parse, settings, started } from './wire.ts';

/** A block in one frame or several, padded or not. */
function asFrames(chance: Chance, stream: number, block: Buffer, endStream: number): Buffer {
  const cuts = chance.once(2) ? [] : Array.from({ length: chance.below(3) }, () => chance.below(block.length + 1));
  const ends = [...cuts.toSorted((a, b) => a - b), block.length];
  const pieces = ends.map((end, at) => block.subarray(ends[at - 1] ?? 0, end));
  return Buffer.concat(
    pieces.map((piece, at) => {
      const end = at === pieces.length - 1 ? flag.endHeaders : 0;
      if (at > 0) return frame(frameType.continuation, end, stream, piece);
      const padding = chance.once(3) ? chance.below(20) : undefined;
      if (padding === undefined) return frame(frameType.headers, end | endStream, stream, piece);
      const payload = Buffer.concat([Buffer.from([padding]), piece, Buffer.alloc(padding)]);
      return frame(frameType.headers, end | endStream | flag.padded, stream, payload);
    }),
  );
}

/** The header blocks that arrived, by stream and in order. */
function blocksIn(reader: BlockReader, bytes: Buffer): [number, Fields][] {
  const found: [number, Fields][] = [];
  let block: Buffer[] = [];
  for (const { type, flags, stream, payload } of parse(bytes)) {
    if (type !== frameType.headers && type !== frameType.continuation) continue;
    const padding = (flags & flag.padded) === 0 || type !== frameType.headers ? undefined : payload[0];
    block.push(padding === undefined ? payload : payload.subarray(1, payload.length - padding));
    if ((flags & flag.endHeaders) === 0) continue;
    found.push([stream, reader.read(Buffer.concat(block))]);
    block = [];
  }
  return found;
}

test('the server reads what the client wrote, without what was denied', () => {
  for (let seed = 1; seed <= 400; seed++) {
    const chance = new Chance(seed);
    const table = chance.of([0, 100, 4096, 16_384]);
    const relay = started(undefined, settings([1, table]));
    const encoder = new AnyEncoder(chance, table);
    const server = new BlockReader();
    server.decoder.allowCapacity(table);
    const sent: [number, Fields][] = [];
    let bytes = Buffer.alloc(0);
    for (let at = 0; at < 1 + chance.below(20); at++) {
      const stream = at * 2 + 1;
      const denied = chance.once(4);
      const trailed = chance.once(4);
      const fields = requestFields(chance, `/${denied ? 'deny' : ''}${chance.text('xyz/', 8)}`);
      const trailers: Fields = [['x-sum', chance.text('abc', 40)]];
      if (!denied) sent.push([stream, fields], ...(trailed ? [[stream, trailers] as [number, Fields]] : []));
      bytes = Buffer.concat([bytes, asFrames(chance, stream, encoder.encode(fields), trailed ? 0 : flag.endStream)]);
      if (trailed) bytes = Buffer.concat([bytes, asFrames(chance, stream, encoder.encode(trailers), flag.endStream)]);
    }
    relay.fromClient(bytes, chance.of([1, 7, 100, bytes.length]));
    assert.equal(relay.closed, undefined, `seed ${seed}`);
    assert.deepEqual(blocksIn(server, relay.upstream.takeSent()), sent, `seed ${seed}`);
  }
});

test('the client reads what the server wrote, with our answers in between', () => {
  for (let seed = 1; seed <= 200; seed++) {
    const chance = new Chance(seed);
    const relay = started();
    const requests = new AnyEncoder(chance, 0);
    const responses = new AnyEncoder(chance, 4096);
    const client = new BlockReader();
    const expected: [number, Fields][] = [];
    let bytes = Buffer.alloc(0);
    const count = 1 + chance.below(20);
    for (let at = 0; at < count; at++) {
      const stream = at * 2 + 1;
      const denied = chance.once(3);
      relay.fromClient(
        frame(frameType.headers, 5, stream, requests.encode(requestFields(chance, denied ? '/deny' : '/'))),
      );
      if (denied) {
        expected.push([
          stream,
          [
            [':status', '403'],
            ['content-type', 'text/plain'],
            ['content-length', '15'],
          ],
        ]);
        continue;
      }
      const fields: Fields = [[':status', chance.of(['200', '404', '418'])], ...requestFields(chance, '/').slice(4)];
      expected.push([stream, fields]);
      bytes = Buffer.concat([bytes, asFrames(chance, stream, responses.encode(fields), flag.endStream)]);
      const now = chance.below(bytes.length + 1);
      relay.fromServer(bytes.subarray(0, now), chance.of([1, 7, 100]));
      bytes = bytes.subarray(now);
    }
    relay.fromServer(bytes);
    const got = blocksIn(client, relay.downstream.takeSent());
    const byStream = (a: [number, Fields], b: [number, Fields]) => a[0] - b[0];
    assert.deepEqual(got.toSorted(byStream), expected.toSorted(byStream), `seed ${seed}`);
    assert.equal(relay.closed, undefined, `seed ${seed}`);
  }
});

test('our decoder and nghttp2 read the same', async () => {
  const oracle = new Nghttp2();
  await oracle.start();
  try {
    for (let seed = 1; seed <= 500; seed++) assert.equal(await difference(seed, oracle), undefined, `seed ${seed}`);
  } finally {
    await oracle.stop();
  }
});
