/** Frames as tests write and read them. */

import { flag, frameHeadBytes, frameType, payloadLength, preface, streamOf } from '../../../proxy/http2/frames.ts';
import { HpackDecoder } from '../../../proxy/http2/hpack/decoder.ts';
import { encodeBlock } from '../../../proxy/http2/hpack/encoder.ts';
import { http2 } from '../../../proxy/http2/http2.ts';
import type { HttpRuleSet } from '../../../src/policy/resolved.ts';
import { notDeny } from './rules.ts';
import { TestRelay } from './test-relay.ts';

export type Fields = readonly (readonly [name: string, value: string])[];

export interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly stream: number;
  readonly payload: Buffer;
}

export function frame(type: number, flags: number, stream: number, payload: Uint8Array | string = ''): Buffer {
  const body = Buffer.from(payload);
  const head = Buffer.alloc(frameHeadBytes);
  head.writeUIntBE(body.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, body]);
}

/** Entries are `[id, value]`. */
export function settings(...entries: readonly (readonly [number, number])[]): Buffer {
  const payload = Buffer.alloc(entries.length * 6);
  for (const [at, [id, value]] of entries.entries()) {
    payload.writeUInt16BE(id, at * 6);
    payload.writeUInt32BE(value, at * 6 + 2);
  }
  return frame(frameType.settings, 0, 0, payload);
}

export const settingsAck = frame(frameType.settings, flag.ack, 0);
export const pushOff = settings([2, 0]);
export const hello = Buffer.concat([preface, pushOff]);

export function headers(stream: number, fields: Fields, flags: number = flag.endStream | flag.endHeaders): Buffer {
  return frame(frameType.headers, flags, stream, encodeBlock(fields));
}

export function data(stream: number, payload: Uint8Array | string, flags = 0): Buffer {
  return frame(frameType.data, flags, stream, payload);
}

export function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

export function rstStream(stream: number, code = 8): Buffer {
  return frame(frameType.rstStream, 0, stream, uint32(code));
}

export function windowUpdate(stream: number, increment: number): Buffer {
  return frame(frameType.windowUpdate, 0, stream, uint32(increment));
}

/** A proper request for `path`. */
export function get(path: string, ...more: Fields): Fields {
  return [[':method', 'GET'], [':scheme', 'http'], [':path', path], [':authority', 'example'], ...more];
}

export function post(path: string, ...more: Fields): Fields {
  return [[':method', 'POST'], ...get(path, ...more).slice(1)];
}

/** The whole frames in `bytes`; a preface at the front is left out. */
export function parse(bytes: Buffer): Frame[] {
  const frames: Frame[] = [];
  let at = bytes.subarray(0, preface.length).equals(preface) ? preface.length : 0;
  while (at < bytes.length) {
    const end = at + frameHeadBytes + payloadLength(bytes, at);
    if (end > bytes.length) throw new Error('a part of a frame');
    frames.push({
      type: bytes[at + 3] ?? 0,
      flags: bytes[at + 4] ?? 0,
      stream: streamOf(bytes, at),
      payload: bytes.subarray(at + frameHeadBytes, end),
    });
    at = end;
  }
  return frames;
}

/** Reads header blocks in their order, as a peer does. */
export class BlockReader {
  readonly decoder = new HpackDecoder({ listBytes: 1024 * 1024, fields: 10_000 });

  read(block: Uint8Array): Fields {
    const error = this.decoder.decode(Buffer.from(block), 0, block.length);
    if (error !== undefined) throw new Error(error);
    return this.decoder.names.slice(0, this.decoder.count).map((name, at) => [name, this.decoder.values[at] ?? '']);
  }
}

/** A relay on which both sides have said hello; what they sent is taken. */
export function started(ruleSet: HttpRuleSet = notDeny, serverSettings: Buffer = settings()): TestRelay {
  const relay = new TestRelay(http2, ruleSet);
  relay.fromClient(hello);
  relay.fromServer(serverSettings);
  relay.upstream.takeSent();
  relay.downstream.takeSent();
  return relay;
}
