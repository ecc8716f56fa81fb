/** SETTINGS (RFC 9113 section 6.5): what a peer announced, and what of it we lower before the other side sees it. */

import { limits } from '../../src/limits.ts';
import { defaultMaxFrame, errorCode } from './frames.ts';

export const settingId = {
  headerTableSize: 1,
  enablePush: 2,
  maxConcurrentStreams: 3,
  initialWindowSize: 4,
  maxFrameSize: 5,
  maxHeaderListSize: 6,
  /** RFC 8441. */
  enableConnectProtocol: 8,
  /** GRPC_ALLOW_TRUE_BINARY_METADATA of gRPC's C core, from the range for experiments. */
  grpcBinaryMetadata: 0xfe03,
} as const;

const settingBytes = 6;
const maxWindow = 0x7fffffff;
const maxFrame = 0xffffff;

/** What a peer allows its other end, as far as the relay has to know it. */
export class PeerSettings {
  /** Its first SETTINGS, the mark of HTTP/2, has come. */
  announced = false;
  headerTableBytes = 4096;
  initialWindow = 65_535;
  /** The largest ever announced: the sender may not have seen a lower one yet. */
  maxFrame = defaultMaxFrame;
  connectProtocol = false;
  /** A client that announced nothing yet may be pushed to. */
  pushOff = false;

  constructor(from: Partial<PeerSettings> = {}) {
    Object.assign(this, from);
  }

  /**
   * Takes over one payload (whole entries).
   * @returns the error code for a value out of its range; 0 when all are fine.
   */
  apply(payload: Uint8Array): number {
    this.announced = true;
    for (let at = 0; at + settingBytes <= payload.length; at += settingBytes) {
      const error = this.#set(idAt(payload, at), valueAt(payload, at));
      if (error !== 0) return error;
    }
    return 0;
  }

  #set(id: number, value: number): number {
    if (id === settingId.headerTableSize) this.headerTableBytes = Math.min(value, limits.http2TableBytes);
    else if (id === settingId.initialWindowSize) {
      if (value > maxWindow) return errorCode.flowControl;
      this.initialWindow = value;
    } else if (id === settingId.maxFrameSize) {
      if (value < defaultMaxFrame || value > maxFrame) return errorCode.protocol;
      this.maxFrame = Math.max(this.maxFrame, value);
    } else if (id === settingId.enablePush) {
      if (value > 1) return errorCode.protocol;
      this.pushOff = value === 0;
    } else if (id === settingId.enableConnectProtocol) {
      if (value > 1) return errorCode.protocol;
      this.connectProtocol = value === 1;
    }
    return 0;
  }
}

function idAt(payload: Uint8Array, at: number): number {
  return ((payload[at] ?? 0) << 8) | (payload[at + 1] ?? 0);
}

function valueAt(payload: Uint8Array, at: number): number {
  const high = ((payload[at + 2] ?? 0) << 8) | (payload[at + 3] ?? 0);
  return high * 65_536 + (((payload[at + 4] ?? 0) << 8) | (payload[at + 5] ?? 0));
}

/** The payload as the other side may see it; undefined when nothing has to change. */
export function restrict(payload: Uint8Array): Buffer | undefined {
  let restricted: Buffer | undefined;
  for (let at = 0; at + settingBytes <= payload.length; at += settingBytes) {
    const most = mostAllowed(idAt(payload, at));
    if (valueAt(payload, at) <= most) continue;
    restricted ??= Buffer.from(payload);
    restricted.writeUInt32BE(most, at + 2);
  }
  return restricted;
}

function mostAllowed(id: number): number {
  if (id === settingId.headerTableSize) return limits.http2TableBytes;
  // With it, gRPC's peers put octets into field values that HTTP forbids there, NUL among them; without it, base64.
  return id === settingId.grpcBinaryMetadata ? 0 : Number.MAX_SAFE_INTEGER;
}

const pushOffEntry = Buffer.from([0, settingId.enablePush, 0, 0, 0, 0]);

/** The payload with server push switched off: pushed requests would be requests nobody judged. */
export function switchPushOff(payload: Uint8Array): Buffer {
  const kept: Uint8Array[] = [];
  for (let at = 0; at + settingBytes <= payload.length; at += settingBytes) {
    if (idAt(payload, at) !== settingId.enablePush) kept.push(payload.subarray(at, at + settingBytes));
  }
  return Buffer.concat([...kept, pushOffEntry]);
}
