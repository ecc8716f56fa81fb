/** `struct stream`: a judged connection's TCP as the kernel followed it, and as the sockets that go on for its ends need it. */

import type { TakeoverSnapshot } from '../../native/index.ts';
import { limits } from '../limits.ts';
import { option, stream, stream_side } from './abi.generated.ts';

export interface StreamSide {
  readonly next: number;
  readonly acked: number;
  readonly timestamp: number;
  readonly window: number;
  readonly mss: number;
  readonly scale: number;
  readonly options: number;
  readonly fin: number;
}

export interface Stream {
  readonly mode: number;
  readonly doubt: number;
  readonly waiting: boolean;
  readonly generation: bigint;
  readonly client: StreamSide;
  readonly server: StreamSide;
  readonly bodyLeft: bigint;
  readonly endpoint: number;
  readonly peer: number;
  /** How often it was given back. */
  readonly returns: number;
  /** From the tap to an end and back, by the handshake, µs; 0: not known. */
  readonly clientRtt: number;
  readonly serverRtt: number;
}

export function readStream(value: Buffer): Stream {
  return {
    mode: value.readUInt8(stream.mode.offset),
    doubt: value.readUInt8(stream.doubt.offset),
    waiting: value.readUInt8(stream.waiting.offset) !== 0,
    generation: value.readBigUInt64LE(stream.generation.offset),
    client: readSide(value, stream.client.offset),
    server: readSide(value, stream.server.offset),
    bodyLeft: value.readBigUInt64LE(stream.body_left.offset),
    endpoint: value.readUInt32LE(stream.endpoint.offset),
    peer: value.readUInt32LE(stream.peer.offset),
    returns: value.readUInt32LE(stream.returns.offset),
    clientRtt: value.readUInt32LE(stream.client_rtt.offset),
    serverRtt: value.readUInt32LE(stream.server_rtt.offset),
  };
}

function readSide(value: Buffer, at: number): StreamSide {
  return {
    next: value.readUInt32LE(at + stream_side.next.offset),
    acked: value.readUInt32LE(at + stream_side.acked.offset),
    timestamp: value.readUInt32LE(at + stream_side.timestamp.offset),
    window: value.readUInt16LE(at + stream_side.window.offset),
    mss: value.readUInt16LE(at + stream_side.mss.offset),
    scale: value.readUInt8(at + stream_side.scale.offset),
    options: value.readUInt8(at + stream_side.options.offset),
    fin: value.readUInt8(at + stream_side.fin.offset),
  };
}

/** What the two sockets are made from: one speaks as the server to the client, the other as the client to the server. */
export function snapshots({ client, server, clientRtt, serverRtt }: Stream): {
  readonly towardsClient: TakeoverSnapshot;
  readonly towardsServer: TakeoverSnapshot;
} {
  return {
    towardsClient: snapshot(server, client, clientRtt),
    towardsServer: snapshot(client, server, serverRtt),
  };
}

function isKnown(rtt: number): boolean {
  return rtt > 0 && rtt <= limits.takeoverRoundTripMs * 1000;
}

/** @param own the side that the socket stands in for @param rtt to the other one, µs; 0: not known */
function snapshot(own: StreamSide, peer: StreamSide, rtt: number): TakeoverSnapshot {
  const both = own.options & peer.options;
  const scaled = (both & option.window_scale) !== 0;
  return {
    sndNext: own.next,
    // See peer-ack.ts.
    sndUnacked: isKnown(rtt) && (both & option.timestamps) !== 0 ? (own.acked - 1) >>> 0 : own.acked,
    rcvNext: peer.next,
    peerWindow: scaled ? peer.window << peer.scale : peer.window,
    ownWindow: scaled ? own.window << own.scale : own.window,
    ...(scaled && { scale: { peer: peer.scale, own: own.scale } }),
    mss: peer.mss,
    sackPermitted: (both & option.sack) !== 0,
    // One tick later than what the end that we stand in for has sent: it may have sent more that never came by here.
    ...((both & option.timestamps) !== 0 && { timestamp: (own.timestamp + 1) >>> 0 }),
  };
}
