/** Live connections whose ends change: sockets made from numbers (TCP_REPAIR) that go on where others, or the kernel, were. */

import { binding, type RawAddress, type RawPosition } from './binding.ts';

/** One end of a live connection towards its peer, as the wire shows it. Sequence numbers are 32 bits, windows bytes. */
export interface TakeoverSnapshot {
  /** Number of the next byte that we send. */
  readonly sndNext: number;
  /**
   * What the peer acknowledged: `sndNext`, for bytes under way are in the queue of the end that we stand in for. Or one less:
   * then the last byte that the peer has counts as under way, and the next acknowledgement tells the socket its round trip.
   */
  readonly sndUnacked: number;
  /** Number of the next byte that the peer sends. What it has sent from there on and nobody has acknowledged it sends again. */
  readonly rcvNext: number;
  /** What the peer lets us send from `sndUnacked` on, unscaled. */
  readonly peerWindow: number;
  /** What we let the peer send from `rcvNext` on, unscaled. */
  readonly ownWindow: number;
  /** Shifts of RFC 7323 in the SYNs, 0 to 14; absent, as 0 and 0, where one of the SYNs had none. */
  readonly scale?: { readonly peer: number; readonly own: number } | undefined;
  /** Of the peer's SYN, without deductions; 536 (IPv4) or 1220 (IPv6) where it said none (RFC 9293 3.7.1). */
  readonly mss: number;
  readonly sackPermitted: boolean;
  /**
   * Our next TSval (RFC 7323), at least the last one sent; absent without timestamps. The peer's cannot be given: the
   * kernel learns it by the next segment and echoes 0 until then.
   */
  readonly timestamp?: number | undefined;
}

export interface TakeoverOptions {
  /** Descriptor of the namespace for both sockets; unless given, the thread's own. */
  readonly netns?: number;
  readonly client: RawAddress;
  readonly server: RawAddress;
  readonly towardsClient: TakeoverSnapshot;
  readonly towardsServer: TakeoverSnapshot;
}

/**
 * Both ends of a live connection: `downstream` speaks as the server to the client, `upstream` as the client to the server.
 * Non-blocking, connected, the caller's to close. Nothing is sent by this call, whether it succeeds or not.
 * @throws {NativeError} BUSY where bytes are under way; REPAIR (EADDRNOTAVAIL: the namespace has this connection already);
 *   SOCKET, NETNS, ARGUMENT
 */
export function buildTakeover(options: TakeoverOptions): { readonly downstream: number; readonly upstream: number } {
  return binding.buildTakeover(options);
}

/**
 * Stops an idle socket without a word to its peer, and reads where it stands. It stays stopped: then `resumeSocket`,
 * or `closeFd`, which is silent too. Its flow must be frozen before: what the peer sends while it is stopped still arrives.
 * @throws {NativeError} BUSY: something is in its queues, or a side has ended; REPAIR. The socket goes on as before.
 */
export function pauseSocket(fd: number): TakeoverSnapshot {
  return binding.pauseSocket(fd);
}

/** Sequence numbers as in `TakeoverSnapshot`; `unread` bytes are received and not read. */
export type SocketPosition = RawPosition;

/**
 * Where a live socket stands at this moment, whatever is in its queues. It goes on, and no peer hears of it.
 * @throws {NativeError} BUSY: a side has ended; REPAIR
 */
export function socketPosition(fd: number): SocketPosition {
  return binding.socketPosition(fd);
}

/** Whoever closes the socket later says nothing, and what is in its queues is forgotten. @throws {NativeError} REPAIR */
export function silenceSocket(fd: number): void {
  binding.silenceSocket(fd);
}

/** @throws {NativeError} REPAIR */
export function resumeSocket(fd: number): void {
  binding.resumeSocket(fd);
}

/**
 * `pauseSocket`, then closed: no FIN, no RST. What comes for it afterwards must not reach its namespace, which would reset.
 *
 * For giving back, pause both sockets and compare before either is closed. With timestamps, the peer drops what the end
 * that goes on sends until that end's clock has reached `timestamp` (PAWS, RFC 7323 5): ours ticks in milliseconds, as
 * Linux since 4.13 does, others may be slower.
 */
export function releaseTakeover(fd: number): TakeoverSnapshot {
  const snapshot = pauseSocket(fd);
  binding.closeFd(fd);
  return snapshot;
}
