/**
 * Connections that are older than their rule: nobody followed their stream, so nobody knows where a request begins in it.
 *
 * The client goes on, and its server gets a new connection: then proxy and server both begin to read with the same byte,
 * whatever a client may have sent before to make them differ. The server's own socket must say that it waits for a
 * request: all is read, all is acknowledged, and the last word was its own.
 */

import type { TakeoverSnapshot } from '../../native/index.ts';
import { type ConnectionInfo, closeFd, connectionInfo, NativeError, openNetns } from '../../native/index.ts';
import { limits } from '../limits.ts';
import type { readFlowKey } from './flow-key.ts';
import type { Stream } from './stream.ts';
import type { Tap } from './tap.ts';

type Flow = ReturnType<typeof readFlowKey>;

const ownNetns = '/proc/self/ns/net';

/** Looks servers' sockets up in the namespaces of this node's workloads, and in that of this process. */
export class ServerSockets {
  #taps: readonly Tap[] = [];
  #second = 0;
  #looked = 0;

  setTaps(taps: readonly Tap[]): void {
    this.#taps = taps;
  }

  /** Whether another one may be looked up in this second. */
  mayLook(): boolean {
    const second = Math.floor(performance.now() / 1000);
    if (second !== this.#second) this.#looked = 0;
    this.#second = second;
    return ++this.#looked <= limits.adoptionsPerSecond;
  }

  /** Undefined: it is not on this node, or it is in another namespace without a name, or there is no such connection. */
  find({ client, server }: Flow): ConnectionInfo | undefined {
    const tap = this.#taps.find(({ addresses }) => (addresses as readonly string[]).includes(server.address));
    const path = tap ? tap.netns : ownNetns;
    if (path === undefined) return undefined;
    try {
      const netns = openNetns(path);
      try {
        return connectionInfo({ netns, local: server, remote: client });
      } finally {
        closeFd(netns);
      }
    } catch (error) {
      if (!(error instanceof NativeError)) throw error;
      return undefined;
    }
  }
}

/** Nothing is under way, and it is the client's turn. What was sent and received in one tick of the kernel counts as answered. */
export function waitsForRequest(server: ConnectionInfo): boolean {
  if (server.layered || server.unread > 0 || server.unacknowledged > 0) return false;
  return server.bytesReceived === 0 || (server.bytesAcked > 0 && server.sentMsAgo <= server.receivedMsAgo);
}

/** Of kernels that do not tell theirs: what any window could be without a scale, bytes. */
const unscaledWindow = 65_535;

/** The client's end goes on from the held segment; the other one is for the reset of the server's old socket. */
export function olderSnapshots(
  { client, server }: Stream,
  info: ConnectionInfo,
): { readonly towardsClient: TakeoverSnapshot; readonly towardsServer: TakeoverSnapshot } {
  const peerWindow = client.window << (info.scale?.peer ?? 0);
  const ownWindow = info.ownWindow ?? unscaledWindow;
  const common = {
    // What is left of the peer's word is what fits this path; the option takes 12 bytes more of it.
    mss: info.sndMss + (info.timestamps ? 12 : 0),
    sackPermitted: info.sackPermitted,
  };
  return {
    towardsClient: {
      ...common,
      sndNext: server.next,
      sndUnacked: server.next,
      rcvNext: client.next,
      peerWindow,
      ownWindow,
      ...(info.scale && { scale: info.scale }),
      ...(info.timestamps && { timestamp: (server.timestamp + 1) >>> 0 }),
    },
    towardsServer: {
      ...common,
      sndNext: client.next,
      sndUnacked: client.next,
      rcvNext: server.next,
      peerWindow: ownWindow,
      ownWindow: peerWindow,
      ...(info.timestamps && { timestamp: (client.timestamp + 1) >>> 0 }),
    },
  };
}
