/** A connection of any process of a namespace, seen from outside (INET_DIAG). */

import { binding, type RawAddress, type RawConnectionInfo } from './binding.ts';

export interface ConnectionQuery {
  /** Descriptor of the namespace in which the socket is; unless given, the thread's own. */
  readonly netns?: number;
  readonly local: RawAddress;
  readonly remote: RawAddress;
}

/**
 * What it takes to adopt a connection that nobody saw begin, as far as the kernel tells: the options, window scales and
 * windows (bytes, unscaled; absent before kernel 5.4 and 6.2), bytes in its queues, bytes since the start, and how long ago it
 * last sent and received data (ms, in steps of the kernel's ticks of 1 to 10; since the start where it never did).
 *
 * Not told, so to be learnt from packets: sequence numbers, timestamps, and the peer's MSS, of which `sndMss` is what is left
 * after path and options. `layered`: with kTLS, MPTCP or MD5 signatures, which no rebuilt socket can go on with.
 */
export type ConnectionInfo = RawConnectionInfo;

/**
 * An established connection, or undefined: none with these four numbers, or a kernel without tcp_diag.
 * @throws {NativeError} DIAG, NETNS, ARGUMENT
 */
export function connectionInfo(query: ConnectionQuery): ConnectionInfo | undefined {
  return binding.connectionInfo(query);
}
