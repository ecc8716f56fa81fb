/** HTTP/2 framing (RFC 9113 sections 4 and 6): reading frame heads in place, and writing the frames we send ourselves. */

/** What every client sends first (section 3.4). */
export const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1');
export const frameHeadBytes = 9;
/** SETTINGS_MAX_FRAME_SIZE that every endpoint starts with. */
export const defaultMaxFrame = 16_384;

export const frameType = {
  data: 0,
  headers: 1,
  priority: 2,
  rstStream: 3,
  settings: 4,
  pushPromise: 5,
  ping: 6,
  goAway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const;

export const flag = { endStream: 0x1, ack: 0x1, endHeaders: 0x4, padded: 0x8, priority: 0x20 } as const;

/** Section 7. */
export const errorCode = {
  none: 0,
  protocol: 1,
  internal: 2,
  flowControl: 3,
  streamClosed: 5,
  frameSize: 6,
  refusedStream: 7,
  cancel: 8,
  compression: 9,
  enhanceYourCalm: 11,
} as const;

export function payloadLength(view: Uint8Array, at: number): number {
  return ((view[at] ?? 0) << 16) | ((view[at + 1] ?? 0) << 8) | (view[at + 2] ?? 0);
}

/** 31 bits; the reserved one is ignored as section 4.1 asks. */
export function uint31(view: Uint8Array, at: number): number {
  return (
    (((view[at] ?? 0) & 0x7f) << 24) | ((view[at + 1] ?? 0) << 16) | ((view[at + 2] ?? 0) << 8) | (view[at + 3] ?? 0)
  );
}

export function streamOf(view: Uint8Array, at: number): number {
  return uint31(view, at + 5);
}

function frame(type: number, flags: number, stream: number, length: number): Buffer {
  const bytes = Buffer.allocUnsafe(frameHeadBytes + length);
  writeFrameHead(bytes, 0, type, flags, stream, length);
  return bytes;
}

function writeFrameHead(into: Buffer, at: number, type: number, flags: number, stream: number, length: number): void {
  into.writeUIntBE(length, at, 3);
  into[at + 3] = type;
  into[at + 4] = flags;
  into.writeUInt32BE(stream, at + 5);
}

/** HEADERS and as many CONTINUATION frames as the block needs, in one piece. */
export function headersFrames(stream: number, block: Uint8Array, endStream: boolean): Buffer {
  const count = Math.max(1, Math.ceil(block.length / defaultMaxFrame));
  const bytes = Buffer.allocUnsafe(block.length + count * frameHeadBytes);
  let at = 0;
  for (let index = 0; index < count; index++) {
    const part = block.subarray(index * defaultMaxFrame, (index + 1) * defaultMaxFrame);
    const type = index === 0 ? frameType.headers : frameType.continuation;
    const flags = (index === 0 && endStream ? flag.endStream : 0) | (index === count - 1 ? flag.endHeaders : 0);
    writeFrameHead(bytes, at, type, flags, stream, part.length);
    bytes.set(part, at + frameHeadBytes);
    at += frameHeadBytes + part.length;
  }
  return bytes;
}

/** The last DATA frame of a stream. */
export function dataFrame(stream: number, body: Uint8Array): Buffer {
  const bytes = frame(frameType.data, flag.endStream, stream, body.length);
  bytes.set(body, frameHeadBytes);
  return bytes;
}

export function settingsFrame(payload: Uint8Array): Buffer {
  const bytes = frame(frameType.settings, 0, 0, payload.length);
  bytes.set(payload, frameHeadBytes);
  return bytes;
}

export function rstStreamFrame(stream: number, code: number): Buffer {
  const bytes = frame(frameType.rstStream, 0, stream, 4);
  bytes.writeUInt32BE(code, frameHeadBytes);
  return bytes;
}

export function windowUpdateFrame(stream: number, increment: number): Buffer {
  const bytes = frame(frameType.windowUpdate, 0, stream, 4);
  bytes.writeUInt32BE(increment, frameHeadBytes);
  return bytes;
}

export function goAwayFrame(lastStream: number, code: number): Buffer {
  const bytes = frame(frameType.goAway, 0, 0, 8);
  bytes.writeUInt32BE(lastStream, frameHeadBytes);
  bytes.writeUInt32BE(code, frameHeadBytes + 4);
  return bytes;
}
