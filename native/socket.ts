/** TCP sockets by descriptor. Who is given a descriptor owns it: close it by `closeFd` or `resetFd`, or hand it to Node. */

import { binding, type RawAddress, type RawAddresses, type RawTcpInfo } from './binding.ts';
import { NativeError } from './error.ts';

/** Text as RFC 5952 writes it; an IPv4-mapped IPv6 address is the IPv4 one. */
export type SocketAddress = RawAddress;

export interface ListenOptions {
  /** Descriptor of the namespace to listen in; unless given, the thread's own. */
  readonly netns?: number;
  /** 0: the kernel chooses. */
  readonly port: number;
  readonly backlog: number;
  /** Lets every worker have a listener on the port. */
  readonly reusePort?: boolean;
}

/**
 * A listener on all IPv4 and IPv6 addresses that also accepts for addresses which are not the host's; the accepted
 * socket's local address is the original destination.
 * @throws {NativeError} SOCKET, NETNS
 */
export function listenTransparent(options: ListenOptions): number {
  return binding.listenTransparent(options);
}

/** Takes connections until `close`, which leaves the listener itself to its owner. */
export interface Acceptor {
  close(): void;
}

/**
 * Calls `onAccepted` with every connection of a listener: its descriptor, non-blocking and the callee's to close, and
 * its two ends. @throws {NativeError} LOOP
 */
export function acceptConnections(
  listener: number,
  onAccepted: (fd: number, remote: SocketAddress, local: SocketAddress) => void,
): Acceptor {
  const acceptor = binding.acceptStart(listener, onAccepted);
  return { close: () => binding.closeHandle(acceptor) };
}

export interface UpstreamOptions {
  readonly netns?: number;
  /** What the server shall see. */
  readonly client: SocketAddress;
  readonly server: SocketAddress;
  /** Largest segment to announce and send, bytes. */
  readonly mss?: number;
}

/**
 * A non-blocking socket that connects to the server with the client's own address and port; the attempt is under way.
 * @throws {NativeError} CONNECT when it ends at once (ENETUNREACH; EADDRNOTAVAIL: the same 4-tuple exists), SOCKET, NETNS
 */
export function upstreamSocket(options: UpstreamOptions): number {
  return binding.upstreamSocket(options);
}

/** An attempt under way; `cancel` closes it and nothing is called any more. */
export interface ConnectAttempt {
  cancel(): void;
}

/**
 * As `upstreamSocket`, and tells how it ended: the connected descriptor, or NativeError CONNECT (ECONNREFUSED, ETIMEDOUT,
 * EHOSTUNREACH...). Never called before it returns, and once unless cancelled, whether the attempt is kept or not. A deadline
 * is the caller's: `cancel()`.
 */
export function connectUpstream(
  options: UpstreamOptions,
  onEnd: (error: NativeError | undefined, fd: number | undefined) => void,
): ConnectAttempt {
  try {
    const attempt = binding.connectStart(options, onEnd);
    return { cancel: () => binding.closeHandle(attempt) };
  } catch (error) {
    if (!(error instanceof NativeError) || error.code === 'ARGUMENT') throw error;
    return later(() => onEnd(error, undefined));
  }
}

function later(callback: () => void): ConnectAttempt {
  const immediate = setImmediate(callback);
  return { cancel: () => clearImmediate(immediate) };
}

/** Closes with RST: what was not sent is dropped. Never for a descriptor that Node owns. @throws {NativeError} SOCKET */
export function resetFd(fd: number): void {
  binding.resetFd(fd);
}

/**
 * Whoever closes the socket later ends its connection by a FIN, after what is queued. Without it all sockets of this addon reset
 * (SO_LINGER 0), so that nothing looks complete which a process that died has left half said. @throws {NativeError} SOCKET
 */
export function endOnClose(fd: number): void {
  binding.endOnClose(fd);
}

/** `remote` is absent where there is no peer. @throws {NativeError} SOCKET */
export function socketAddresses(fd: number): RawAddresses {
  return binding.socketAddresses(fd);
}

/** TCP_INFO. Segment sizes and window scales as negotiated; `rttUs` in microseconds. */
export function tcpInfo(fd: number): RawTcpInfo {
  return binding.tcpInfo(fd);
}

export interface TcpOptions {
  readonly noDelay?: boolean;
  readonly keepAlive?: boolean;
  readonly keepAliveIdleSeconds?: number;
  readonly keepAliveIntervalSeconds?: number;
  readonly keepAliveProbes?: number;
  /** Bytes; lowers, never raises, what was negotiated. */
  readonly maxSegment?: number;
  /** Milliseconds that sent data may stay unacknowledged (RFC 5482); 0: the kernel's default. */
  readonly userTimeoutMs?: number;
}

/** @throws {NativeError} SOCKET, ARGUMENT */
export function setTcpOptions(fd: number, options: TcpOptions): void {
  binding.setTcpOptions(fd, options);
}

/**
 * Sends what the kernel takes at once of the bytes from `start` to `end`, whoever owns the descriptor.
 * @returns how many it took; 0 also when the connection is broken: whoever goes on with the rest hears of it. @throws {NativeError} ARGUMENT
 */
export function sendNow(fd: number, bytes: Uint8Array, start: number, end: number): number {
  return binding.sendNow(fd, bytes, start, end);
}

/** Sends FIN after what is queued. @throws {NativeError} SOCKET */
export function shutdownWrite(fd: number): void {
  binding.shutdownWrite(fd);
}

/** Another descriptor of the same socket, close-on-exec: the connection lasts as long as one of them. @throws {NativeError} SOCKET */
export function duplicateFd(fd: number): number {
  return binding.duplicateFd(fd);
}

/** Never for a descriptor that Node owns. @throws {NativeError} SOCKET */
export function closeFd(fd: number): void {
  binding.closeFd(fd);
}
