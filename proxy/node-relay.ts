/** The relay of relay.ts over two of Node's sockets. */

import { limits } from '../src/limits.ts';
import { BoundaryWait, duplicateBoth } from './node-relay/boundary-wait.ts';
import { coarseNow, startTicking, stopTicking, type Ticking } from './node-relay/clock.ts';
import { NodeSide, type Turns } from './node-relay/side.ts';
import { RelaySocket } from './node-relay/socket.ts';
import { LazyTimer } from './node-relay/timer.ts';
import type { Progress } from './progress.ts';
import type { Boundary, CloseCause, Protocol, Relay } from './relay.ts';

export interface RelayHooks {
  /** After the protocol's own `onClosed`; never before `createNodeRelay` returned. */
  readonly onClosed: (cause: CloseCause) => void;
}

export interface RelayTimeouts {
  readonly idleMs: number;
  readonly writeMs: number;
  readonly lingerMs: number;
}

export interface NodeRelay {
  policyChanged(): void;
  stop(): void;
  /** Resets both connections. */
  abort(cause: CloseCause): void;
  /**
   * Calls `visit` at the next boundary, at once if this is one; `late` instead when that does not come within `withinMs`,
   * the relay closes before, or somebody asks anew.
   */
  atBoundary(withinMs: number, visit: (point: BoundaryPoint) => void, late: () => void): void;
  /** Both connections are another's from now on: they close without a word, whatever is under way. */
  vanish(cause: CloseCause): void;
  /**
   * Hands both connections on at the next boundary, at once if this is one, and begins no exchange before that: nothing is
   * told to either peer, and what they send afterwards waits in the kernel for the next owner. `onEnd` hears `undefined`
   * when the boundary does not come within `withinMs`, the relay closes before, or somebody asks anew.
   */
  release(withinMs: number, onEnd: (released: Released | undefined) => void): void;
}

/** A relay between two exchanges, nothing held: its two live descriptors, to look at. */
export interface BoundaryPoint {
  readonly at: Boundary;
  readonly downstream: number;
  readonly upstream: number;
}

/** Both connections of a relay that is gone: descriptors, non-blocking, the receiver's to close. */
export interface Released {
  readonly progress: Progress;
  readonly downstream: number;
  readonly upstream: number;
}

const defaultTimeouts: RelayTimeouts = {
  idleMs: limits.idleTimeoutMs,
  writeMs: limits.relayWriteTimeoutMs,
  lingerMs: limits.relayLingerMs,
};

/**
 * @param fd a connected, non-blocking TCP socket, which the relay's socket owns from here on
 * @returns undefined when Node does not take it for one: then it stays the caller's
 */
export function openSocket(fd: number): RelaySocket | undefined {
  try {
    return new RelaySocket(fd);
  } catch {
    return undefined;
  }
}

/**
 * Joins two connected sockets and owns them from here on. The protocol's first calls come before this returns.
 * @param unread what another owner of both had read and not consumed
 */
export function createNodeRelay(
  downstream: RelaySocket,
  upstream: RelaySocket,
  protocol: (relay: Relay) => Protocol,
  hooks: RelayHooks,
  timeouts: RelayTimeouts = defaultTimeouts,
  unread?: Progress['unread'],
): NodeRelay {
  const relay = new TwoSockets(downstream, upstream, hooks, timeouts);
  relay.begin(protocol, unread);
  return relay;
}

/** Calls the protocol is owed, in the order they are made. */
const owed = { downstream: 1, upstream: 2, drain: 4, timer: 8, policy: 16, stop: 32 } as const;

class TwoSockets implements Relay, NodeRelay, Turns, Ticking {
  readonly downstream: NodeSide;
  readonly upstream: NodeSide;
  readonly #hooks: RelayHooks;
  readonly #timeouts: RelayTimeouts;
  readonly #timer = new LazyTimer(() => this.#tell(owed.timer));
  #protocol: Protocol | undefined;
  #owed = 0;
  #depth = 0;
  #cause: CloseCause | undefined;
  #firstEnd: CloseCause | undefined;
  #movedAt = 0;
  #finished = false;
  #wait: BoundaryWait | undefined;
  #leaving = false;

  constructor(downstream: RelaySocket, upstream: RelaySocket, hooks: RelayHooks, timeouts: RelayTimeouts) {
    this.#hooks = hooks;
    this.#timeouts = timeouts;
    this.downstream = new NodeSide(downstream, this);
    this.upstream = new NodeSide(upstream, this);
  }

  begin(protocol: (relay: Relay) => Protocol, unread?: Progress['unread']): void {
    startTicking(this);
    this.#movedAt = coarseNow();
    this.enter();
    this.downstream.join(this.upstream);
    this.upstream.join(this.downstream);
    if (unread) {
      this.downstream.arrivedBefore(Buffer.from(unread.downstream, 'base64'));
      this.upstream.arrivedBefore(Buffer.from(unread.upstream, 'base64'));
    }
    try {
      this.#protocol = protocol(this);
    } catch {
      this.close('reset', 'internal-error');
    }
    this.#owed |= owed.downstream | owed.upstream;
    this.leave();
    // A socket that broke before will not say so again.
    if (this.downstream.gone) process.nextTick(() => this.onGone(this.downstream));
    if (this.upstream.gone) process.nextTick(() => this.onGone(this.upstream));
  }

  policyChanged(): void {
    this.#tell(owed.policy);
  }

  stop(): void {
    this.#tell(owed.stop);
  }

  abort(cause: CloseCause): void {
    this.close('reset', cause);
  }

  atBoundary(withinMs: number, visit: (point: BoundaryPoint) => void, late: () => void): void {
    this.#waitFor(new BoundaryWait(withinMs, visit, late), false);
  }

  vanish(cause: CloseCause): void {
    this.#cause ??= cause;
    this.#owed = 0;
    this.#timer.stop();
    this.#wait?.end();
    this.downstream.vanish();
    this.upstream.vanish();
  }

  release(withinMs: number, onEnd: (released: Released | undefined) => void): void {
    const end = (released: Released | undefined): void => {
      onEnd(released);
      if (released) return;
      this.#leaving = false;
      // What was kept from its beginning begins now.
      this.#tell(owed.downstream | owed.upstream);
    };
    this.#waitFor(
      new BoundaryWait(
        withinMs,
        () => end(this.#letGo()),
        () => end(undefined),
      ),
      true,
    );
  }

  close(how: 'graceful' | 'reset', cause: CloseCause): void {
    if (this.#cause !== undefined) return;
    this.#cause = cause;
    this.#wait?.end();
    this.#owed = 0;
    this.#timer.stop();
    this.#movedAt = coarseNow();
    this.enter();
    this.downstream.finish();
    this.upstream.finish();
    if (how === 'reset') this.#reset();
    this.leave();
  }

  timer(ms: number | undefined): void {
    this.#owed &= ~owed.timer;
    if (!this.closing) this.#timer.set(ms);
  }

  get leaving(): boolean {
    return this.#leaving;
  }

  get closing(): boolean {
    return this.#cause !== undefined;
  }

  enter(): void {
    this.#depth += 1;
  }

  leave(): void {
    if (this.#depth === 1) {
      do {
        while (this.#owed !== 0) this.#deliver();
        this.#endIfOver();
        this.downstream.settle();
        this.upstream.settle();
        if (this.#owed === 0 && this.#wait?.waits === true) this.#look(this.#wait);
      } while (this.#owed !== 0);
      this.downstream.settleReading();
      this.upstream.settleReading();
    }
    this.#depth -= 1;
  }

  onArrival(side: NodeSide): void {
    if (side.ended) this.#firstEnd ??= side === this.downstream ? 'client-closed' : 'server-closed';
    this.#owed |= side === this.downstream ? owed.downstream : owed.upstream;
  }

  onMoved(): void {
    this.#movedAt = coarseNow();
  }

  onDrained(): void {
    if (!this.closing) this.#owed |= owed.drain;
  }

  onReset(side: NodeSide): void {
    this.close('reset', side === this.downstream ? 'client-reset' : 'server-reset');
  }

  onGone(side: NodeSide): void {
    // Both its directions ended in peace; the other one has nothing left to wait for.
    this.close('graceful', this.#firstEnd ?? (side === this.downstream ? 'client-closed' : 'server-closed'));
    if (this.downstream.gone && this.upstream.gone) this.#finish();
  }

  onTick(now: number): void {
    const still = now - this.#movedAt;
    if (this.closing) {
      // The peer does not read or does not end; what could be delivered is.
      if (still >= this.#timeouts.lingerMs) this.#reset();
    } else if (still >= this.#timeouts.idleMs) {
      this.close('graceful', 'idle-timeout');
    } else if (this.downstream.out.stalled(now) >= this.#timeouts.writeMs) {
      this.close('reset', 'write-timeout');
    } else if (this.upstream.out.stalled(now) >= this.#timeouts.writeMs) {
      this.close('reset', 'write-timeout');
    }
  }

  #look(wait: BoundaryWait): void {
    if (this.closing || !this.downstream.settled || !this.upstream.settled) return;
    if (!this.leaving && !(this.downstream.idle && this.upstream.idle)) return;
    const at = this.#protocol?.boundary?.();
    if (at !== undefined) wait.visit({ at, downstream: this.downstream.fd, upstream: this.upstream.fd });
  }

  /** @returns undefined when there are no descriptors left: the relay goes on as it was */
  #letGo(): Released | undefined {
    const protocol = this.#protocol?.progress?.();
    const descriptors = protocol && duplicateBoth(this.downstream, this.upstream);
    if (!descriptors) return undefined;
    const unread = { downstream: unreadOf(this.downstream), upstream: unreadOf(this.upstream) };
    this.#cause = 'released';
    this.#timer.stop();
    this.downstream.letGo();
    this.upstream.letGo();
    return { progress: { protocol, unread }, ...descriptors };
  }

  #waitFor(wait: BoundaryWait, leaving: boolean): void {
    this.#wait?.end();
    this.#wait = wait;
    this.#leaving = leaving;
    if (this.closing) wait.end();
    else this.#tell(0);
  }

  #reset(): void {
    this.downstream.reset();
    this.upstream.reset();
  }

  #tell(what: number): void {
    if (this.closing) return;
    this.enter();
    this.#owed |= what;
    this.leave();
  }

  #deliver(): void {
    const protocol = this.#protocol;
    const what = this.#owed & -this.#owed;
    this.#owed &= ~what;
    try {
      switch (what) {
        case owed.downstream:
          protocol?.onDownstream();
          break;
        case owed.upstream:
          protocol?.onUpstream();
          break;
        case owed.drain:
          protocol?.onDrain();
          break;
        case owed.timer:
          protocol?.onTimer();
          break;
        case owed.policy:
          protocol?.onPolicy();
          break;
        case owed.stop:
          protocol?.onStop();
          break;
      }
    } catch {
      this.close('reset', 'internal-error');
    }
  }

  /** Nothing can arrive and everything is consumed: a protocol that has not closed by now never will. */
  #endIfOver(): void {
    if (this.closing || !this.downstream.over || !this.upstream.over) return;
    this.close('graceful', this.#firstEnd ?? 'client-closed');
  }

  #finish(): void {
    if (this.#finished) return;
    this.#finished = true;
    stopTicking(this);
    const cause = this.#cause ?? 'internal-error';
    try {
      this.#protocol?.onClosed(cause);
    } catch {
      // There is nothing left to close.
    }
    this.#hooks.onClosed(cause);
  }
}

function unreadOf(side: NodeSide): string {
  return Buffer.from(side.arrived()).toString('base64');
}
