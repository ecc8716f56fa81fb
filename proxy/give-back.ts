/**
 * A connection that was taken over from the kernel goes back to it: between two exchanges, when both its legs still have the
 * same sequence numbers, because nothing was put in or left out. The kernel then judges its next request again.
 *
 * Each return waits longer than the one before, so that a connection which the kernel often doubts stays here.
 */

import { limits } from '../src/limits.ts';
import type { BoundaryPoint, NodeRelay } from './node-relay.ts';
import type { ConnectionFacts } from './record.ts';

/** What is to be known of a connection that was taken over, to give it back. */
export interface Origin {
  /** Of its stream in the kernel. */
  readonly generation: bigint;
  /** How often it was given back before. */
  readonly returns: number;
}

export interface OriginOf extends Origin {
  readonly facts: ConnectionFacts;
}

/** `given`: it is the kernel's; `waits`: with the client's next acknowledgement; `not-now`, `never`: it stays the proxy's. */
export type Offered = 'given' | 'waits' | 'not-now' | 'never';

/** The kernel's side of it. */
export interface Home {
  /** Undefined: it was not taken over, or nothing there could judge it. */
  originOf(facts: ConnectionFacts): Origin | undefined;
  /** @param downstream descriptors of both legs, which stay the caller's */
  offer(connection: OriginOf, downstream: number, upstream: number): Offered;
  /** What became of one that waits. `proxied`: something was said before that; ask again at another boundary. */
  look(connection: OriginOf): 'given' | 'waits' | 'proxied';
  /** It waits no more, unless it was given back meanwhile. */
  withdraw(connection: OriginOf): void;
}

export class WayBack {
  readonly #home: Home;
  readonly #connection: OriginOf;
  readonly #relay: NodeRelay;
  #timer: NodeJS.Timeout | undefined;
  #waitsSince = 0;
  /** The agent stops: called when it can't go back. */
  #onKept: (() => void) | undefined;
  #ended = false;

  constructor(home: Home, connection: OriginOf, relay: NodeRelay) {
    this.#home = home;
    this.#connection = connection;
    this.#relay = relay;
    if (connection.returns < limits.giveBackMost) {
      this.#after(limits.giveBackAfterMs * 4 ** connection.returns, () => this.#seek());
    } else {
      this.#ended = true;
    }
  }

  /** As soon as it can be. @param onKept it can't: now, or later */
  hurry(onKept: () => void): void {
    if (this.#ended) {
      onKept();
      return;
    }
    this.#onKept = onKept;
    if (this.#waitsSince === 0) this.#seek();
  }

  /** The relay is gone, or another's. */
  end(): void {
    this.#ended = true;
    clearTimeout(this.#timer);
  }

  #seekLater(): void {
    this.#after(this.#onKept ? limits.giveBackRetryMs : limits.giveBackWaitMs, () => this.#seek());
  }

  #seek(): void {
    clearTimeout(this.#timer);
    this.#relay.atBoundary(
      limits.idleTimeoutMs,
      (point) => this.#offer(point),
      () => undefined,
    );
  }

  #offer(point: BoundaryPoint): void {
    switch (this.#offered(point)) {
      case 'given':
        this.#leave();
        break;
      case 'waits':
        this.#waitsSince = performance.now();
        this.#lookLater();
        break;
      case 'not-now':
        this.#seekLater();
        break;
      case 'never':
        this.end();
        this.#onKept?.();
        break;
    }
  }

  #offered({ at, downstream, upstream }: BoundaryPoint): Offered {
    if (at === 'http1') return this.#home.offer(this.#connection, downstream, upstream);
    // What the kernel doubted is on its way.
    return at === 'unread' ? 'not-now' : 'never';
  }

  #lookLater(): void {
    this.#after(limits.giveBackLookMs, () => this.#look());
  }

  #look(): void {
    switch (this.#home.look(this.#connection)) {
      case 'given':
        this.#leave();
        break;
      case 'waits':
        // What it waited for may have come before it was offered, and a clock may have needed a moment.
        if (performance.now() - this.#waitsSince < limits.giveBackWaitMs) this.#lookLater();
        else this.#withdraw();
        break;
      case 'proxied':
        this.#waitsSince = 0;
        this.#seekLater();
        break;
    }
  }

  #withdraw(): void {
    this.#home.withdraw(this.#connection);
    if (this.#home.look(this.#connection) === 'given') {
      this.#leave();
      return;
    }
    this.#waitsSince = 0;
    if (this.#onKept) this.#seek();
    else this.#seekLater();
  }

  #leave(): void {
    this.end();
    this.#relay.vanish('given-back');
  }

  #after(ms: number, then: () => void): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(then, ms);
  }
}
