/** How long something took the last times that it was done, and quantiles of that. */

import type { Sample } from './metric.ts';

export class RecentTimes {
  readonly #times: Float64Array;
  #count = 0;

  /** @param capacity how many times are remembered */
  constructor(capacity: number) {
    this.#times = new Float64Array(capacity);
  }

  add(milliseconds: number): void {
    this.#times[this.#count++ % this.#times.length] = milliseconds;
  }

  /** Seconds, by label `quantile`; none before the first. */
  samples(quantiles: readonly number[]): Sample[] {
    const sorted = this.#times.slice(0, Math.min(this.#count, this.#times.length)).sort();
    if (sorted.length === 0) return [];
    return quantiles.map((quantile) => {
      const at = Math.min(sorted.length - 1, Math.floor(sorted.length * quantile));
      return { labels: { quantile: String(quantile) }, value: (sorted[at] ?? 0) / 1000 };
    });
  }
}
