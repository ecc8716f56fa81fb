/** The last flows, for `observe --last`, and those who want the next ones. */

import type { Flow } from './flow.ts';

export class FlowHistory {
  readonly #capacity: number;
  readonly #ring: Flow[] = [];
  /** Where the next flow goes once the ring is full. */
  #next = 0;
  readonly #followers = new Set<(flow: Flow) => void>();

  /** @param capacity how many flows are kept; `limits.flowRingRecords` in the agent. */
  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  add(flow: Flow): void {
    if (this.#ring.length < this.#capacity) this.#ring.push(flow);
    else this.#ring[this.#next] = flow;
    this.#next = (this.#next + 1) % this.#capacity;
    for (const follower of this.#followers) follower(flow);
  }

  /** Oldest first; fewer than `count` when there are no more. */
  last(count: number): readonly Flow[] {
    const ordered =
      this.#ring.length < this.#capacity
        ? this.#ring
        : [...this.#ring.slice(this.#next), ...this.#ring.slice(0, this.#next)];
    return count >= ordered.length ? ordered.slice() : ordered.slice(ordered.length - count);
  }

  /** `follower` must not throw and must not wait. @returns what ends it. */
  follow(follower: (flow: Flow) => void): () => void {
    this.#followers.add(follower);
    return () => this.#followers.delete(follower);
  }
}
