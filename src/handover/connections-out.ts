/**
 * The proxied connections of an agent on their way to the next one. Each goes at its own boundary; one that has none in
 * time is ended after the exchange under way, or at last at once.
 */

import { once } from 'node:events';
import { resetFd } from '../../native/index.ts';
import type { Accepted } from '../../proxy/identify.ts';
import { limits } from '../limits.ts';
import type { WorkerPool } from '../worker/pool.ts';
import type { Deliver } from './claim.ts';

export class ConnectionsOut {
  readonly #pool: WorkerPool;
  #deliver: Deliver | undefined;

  constructor(pool: WorkerPool) {
    this.#pool = pool;
  }

  /** A live connection that was taken over from the kernel: to a worker here, or straight on. */
  adopt(flow: Accepted, downstream: number, upstream: number | undefined): void {
    if (this.#deliver && upstream === undefined) resetFd(downstream);
    else if (this.#deliver && upstream !== undefined) this.#deliver(flow, downstream, upstream);
    else this.#pool.adopt(flow, downstream, upstream);
  }

  /** Resolves when no connection is left here, or soon after `signal`: then those that are stay. */
  async handOn(deliver: Deliver, signal: AbortSignal): Promise<void> {
    signal.addEventListener('abort', () => {
      this.#deliver = undefined;
    });
    if (!signal.aborted) this.#deliver = deliver;
    this.#pool.stopAccepting();
    const end = Date.now() + limits.handoverReleaseMs;
    let left = Number.POSITIVE_INFINITY;
    // In rounds: one that still connects to its server, or has just come, is asked by the next.
    while (!signal.aborted && left > 0 && Date.now() < end) {
      ({ left } = await this.#pool.release(limits.handoverRoundMs, ({ facts, downstream, upstream }) =>
        this.adopt(facts, downstream, upstream),
      ));
    }
    const rest = limits.drainTimeoutMs - limits.handoverReleaseMs;
    if (!signal.aborted && left > 0) await Promise.race([this.#pool.drain(rest), once(signal, 'abort')]);
  }
}
