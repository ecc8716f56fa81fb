/** The last flows, for `observe --last`, and those who want the next ones. */

import type { Flow } from './flow.ts';

/** A flow, or what makes it: most are forgotten before anybody looks. */
export type PendingFlow = Flow | (() => Flow);

export class FlowHistory {
  readonly #capacity: number;
  readonly #ring: PendingFlow[] = [];
  /** Where the next flow goes once the ring is full. */
  #next = 0;
  readonly #followers = new Set<(flow: Flow) => void>();

  /** @param capacity how many flows are kept; `limits.flowRingRecords` in the agent. */
  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  add(flow: PendingFlow): void {
    if (this.#ring.length < this.#capacity) this.#ring.push(flow);
    else this.#ring[this.#next] = flow;
    this.#next = (this.#next + 1) % this.#capacity;
    if (this.#followers.size === 0) return;
    const made = makeFlow(flow);
    for (const follower of this.#followers) follower(made);
  }

  /** Oldest first; fewer than `count` when there are no more. */
  last(count: number): readonly Flow[] {
    const ordered =
      this.#ring.length < this.#capacity
        ? this.#ring
        : [...this.#ring.slice(this.#next), ...this.#ring.slice(0, this.#next)];
    return ordered.slice(Math.max(0, ordered.length - count)).map(makeFlow);
  }

  get followed(): boolean {
    return this.#followers.size > 0;
  }

  /** `follower` must not throw and must not wait. @returns what ends it. */
  follow(follower: (flow: Flow) => void): () => void {
    this.#followers.add(follower);
    return () => this.#followers.delete(follower);
  }
}

function makeFlow(flow: PendingFlow): Flow {
  return typeof flow === 'function' ? flow() : flow;
}
