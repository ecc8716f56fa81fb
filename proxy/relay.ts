/**
 * The one door between protocol code and bytes.
 *
 * A relay joins the two connections of one flow: `downstream` (the client side) and `upstream` (the server side).
 * Protocol code sees what has arrived on a side, and says what becomes of it. It never sees a socket, so that Node's
 * sockets, a native relay and a relay in memory (tests) can stand behind it.
 *
 * Bytes are consumed strictly in order: `forward`, `skip` and `tunnel` take from the front of what arrived. What is sent
 * to a side by `forward` on the other one and by `send` leaves in the order of the calls: a `send` while such a forward
 * still waits for bytes leaves after it, and never if the other peer ends before they came.
 *
 * Once the relay closes, every call does nothing. Before that, deciding anew what is decided (a negative count, a second
 * decision about a tunnelled side, a `send` to a peer that gets a tunnel or was ended) throws, and a protocol that throws
 * is reset as `internal-error`.
 */

import type { ProtocolProgress } from './progress.ts';

export interface Side {
  /**
   * What arrived and is neither forwarded nor skipped: one contiguous view, valid until the next call on this side.
   * Empty while a `forward` or `skip` still waits for bytes.
   */
  arrived(): Uint8Array;
  /**
   * The peer has ended its direction (FIN) and every byte of it is in `arrived()` or consumed. Unless the side is
   * tunnelled, what the other peer hears of it is the protocol's to decide, by `end`; `pending` tells what is missing.
   */
  readonly ended: boolean;
  /**
   * Passes the next `count` bytes on to the other side, untouched. `count` may exceed what has arrived: the relay goes
   * on by itself and calls the protocol again when there is more than that. A further `forward` or `skip` meanwhile is
   * about the bytes behind them.
   */
  forward(count: number): void;
  /** As `forward`, but the bytes go nowhere. */
  skip(count: number): void;
  /** Everything that arrived and will arrive passes to the other side, end included. Final for this side. */
  tunnel(): void;
  /** Bytes still to come for what was decided by `forward` and `skip` (0: nothing under way). */
  readonly pending: number;
  /** Sends bytes of our own to this side's peer. The relay keeps the view: do not write to it afterwards. */
  send(bytes: Uint8Array): void;
  /** Ends our direction towards this side's peer (FIN) after all that was sent. Idempotent. */
  end(): void;
  /**
   * Bytes that were sent to this side and wait: for the end of the turn, when everything is written, for a forward they
   * follow, or for the peer to read. Protocol code stops answering above the high-water mark, and goes on at `onDrain`.
   */
  readonly backlog: number;
  /**
   * Stops (true) or resumes (false) reading this side, e.g. while a pipelined client has to wait for its answers.
   * The relay pauses by itself when the other side's backlog is high or `arrived()` reached the arrival limit.
   */
  pause(paused: boolean): void;
}

export interface Relay {
  readonly downstream: Side;
  readonly upstream: Side;
  /**
   * Closes both connections: what was sent is delivered, then FIN, and a peer that does not end in turn is reset after a
   * while (`graceful`), or it is dropped with an RST (`reset`). The first cause stands; nothing but `onClosed` follows.
   */
  close(how: 'graceful' | 'reset', cause: CloseCause): void;
  /**
   * Another owner is to go on: an exchange that has not begun does not begin here, so that a boundary comes. When it does
   * not in time this ends, and the protocol is called as if bytes had arrived.
   */
  readonly leaving: boolean;
  /** Calls `onTimer` once after `ms`; a new call replaces the old timer, `undefined` stops it. */
  timer(ms: number | undefined): void;
}

/**
 * What the relay calls. None of them may throw; all run on one thread and never nest: what a call brings about is told
 * after it has returned. A peer's RST is passed on by the relay itself, and when both peers have ended with everything
 * consumed it closes; the protocol hears of either by `onClosed`.
 */
export interface Protocol {
  /** More bytes than are pending arrived from the client, or it ended. Called once at the start too. */
  onDownstream(): void;
  /** The same for the server, the call at the start included. */
  onUpstream(): void;
  /**
   * A side's backlog is below the low-water mark after having been above the high one, if only within the protocol's
   * own call, before the kernel took it.
   */
  onDrain(): void;
  onTimer(): void;
  /** The policy changed: verdicts that were remembered are stale. */
  onPolicy(): void;
  /** The agent drains: finish the exchange under way, then close. */
  onStop(): void;
  /** Both connections are gone. The last call. */
  onClosed(cause: CloseCause): void;
  /**
   * Asked between calls: can another go on from here, who knows `progress` and nothing else of what came before? Absent:
   * never. What the relay itself still holds is no concern of the protocol's.
   */
  boundary?(): Boundary | undefined;
  /** At a boundary, for the next owner. */
  progress?(): ProtocolProgress | undefined;
}

/**
 * What begins with the next byte of the client: its first one (`unread`), a request of a protocol that is known, anything of
 * a connection that is not read any more (`tunnel`), or any octet of frames, streams being open or not (`http2`).
 */
export type Boundary = 'unread' | 'http1' | 'kafka' | 'http2' | 'tunnel';

/** Why a proxied connection ended; used verbatim as a metric label and in flow records. */
export type CloseCause =
  | 'client-closed'
  | 'server-closed'
  | 'client-reset'
  | 'server-reset'
  | 'upstream-unreachable'
  | 'upstream-refused'
  | 'upstream-timeout'
  | 'idle-timeout'
  | 'head-timeout'
  | 'body-timeout'
  | 'write-timeout'
  | 'malformed'
  | 'limit'
  | 'denied'
  | 'policy-revoked'
  | 'unidentified'
  | 'drain'
  | 'agent-stopped'
  | 'released'
  | 'given-back'
  | 'internal-error';
