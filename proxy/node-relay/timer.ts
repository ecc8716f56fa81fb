/**
 * One timer that is set far more often than it fires: once a request for a minute, say. Setting it later than what is
 * scheduled only notes the time; what is scheduled then fires for nothing at most once a period.
 */
export class LazyTimer {
  readonly #onFire: () => void;
  #due = Number.POSITIVE_INFINITY;
  #scheduledFor = Number.POSITIVE_INFINITY;
  #timeout: NodeJS.Timeout | undefined;

  constructor(onFire: () => void) {
    this.#onFire = onFire;
  }

  set(ms: number | undefined): void {
    this.#due = ms === undefined ? Number.POSITIVE_INFINITY : performance.now() + ms;
    if (ms !== undefined && this.#due < this.#scheduledFor) this.#schedule(ms);
  }

  stop(): void {
    clearTimeout(this.#timeout);
    this.#timeout = undefined;
    this.#due = Number.POSITIVE_INFINITY;
    this.#scheduledFor = Number.POSITIVE_INFINITY;
  }

  #schedule(ms: number): void {
    clearTimeout(this.#timeout);
    this.#scheduledFor = performance.now() + ms;
    this.#timeout = setTimeout(() => this.#wake(), ms);
  }

  #wake(): void {
    this.#scheduledFor = Number.POSITIVE_INFINITY;
    if (this.#due === Number.POSITIVE_INFINITY) return;
    const left = this.#due - performance.now();
    // Node's timers count whole milliseconds of the loop's own clock and may fire a fraction early.
    if (left >= 1) {
      this.#schedule(left);
      return;
    }
    this.#due = Number.POSITIVE_INFINITY;
    this.#onFire();
  }
}
