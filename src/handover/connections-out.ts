/**
 * The proxied connections of an agent on their way to the next one. Each goes at its own boundary; one that has none, such as
 * a response that still comes, is served here until it has, or until the time is up: then it is drained.
 */

import { once } from 'node:events';
import { resetFd } from '../../native/index.ts';
import type { Accepted } from '../../proxy/identify.ts';
import type { Progress } from '../../proxy/progress.ts';
import { limits } from '../limits.ts';
import type { WorkerPool } from '../worker/pool.ts';
import type { Deliver } from './claim.ts';

export class ConnectionsOut {
  readonly #pool: WorkerPool;
  #deliver: Deliver | undefined;
  #hurried = new AbortController();

  constructor(pool: WorkerPool) {
    this.#pool = pool;
  }

  /** A live connection: to a worker here, or straight on. @param progress absent: it was taken over from the kernel */
  adopt(flow: Accepted, downstream: number, upstream: number | undefined, progress?: Progress): void {
    if (this.#deliver && upstream === undefined) resetFd(downstream);
    else if (this.#deliver && upstream !== undefined) this.#deliver(flow, downstream, upstream, progress);
    else this.#pool.adopt(flow, downstream, upstream, progress);
  }

  /** Resolves when no connection is left here, or soon after `signal`: then those that are stay. */
  async handOn(deliver: Deliver, signal: AbortSignal): Promise<void> {
    signal.addEventListener('abort', () => {
      this.#deliver = undefined;
      this.#hurried = new AbortController();
    });
    if (!signal.aborted) this.#deliver = deliver;
    this.#pool.stopAccepting();
    const end = Date.now() + limits.handoverReleaseMs;
    let left = Number.POSITIVE_INFINITY;
    // In rounds: one that still connects to its server, or has just come, is asked by the next.
    while (!signal.aborted && !this.#hurried.signal.aborted && left > 0 && Date.now() < end) {
      ({ left } = await this.#pool.release(limits.handoverRoundMs, ({ facts, downstream, upstream, progress }) =>
        this.adopt(facts, downstream, upstream, progress),
      ));
    }
    if (!signal.aborted && left > 0)
      await Promise.race([this.#pool.drain(limits.drainTimeoutMs), once(signal, 'abort')]);
  }

  /** Of `handOn`, under way or to come: waits for no further boundary. */
  hurry(): void {
    this.#hurried.abort();
  }
}
