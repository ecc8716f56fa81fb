/** A token bucket for frames that cost the sender next to nothing and a server much. */
export class Budget {
  readonly #burst: number;
  readonly #perSecond: number;
  #left: number;
  #since: number;

  /** `now`: ms, any epoch. */
  constructor(burst: number, perSecond: number, now: number) {
    this.#burst = burst;
    this.#perSecond = perSecond;
    this.#left = burst;
    this.#since = now;
  }

  /** Takes one; false when there is none left. */
  spend(now: number): boolean {
    if (this.#left < 1) {
      this.#left = Math.min(this.#burst, this.#left + ((now - this.#since) * this.#perSecond) / 1000);
      this.#since = now;
    }
    this.#left -= 1;
    return this.#left >= 0;
  }
}
