/** Host names by this host's own resolver, one at a time: each look-up takes a thread of four, for as long as DNS likes. */

import { lookup } from 'node:dns/promises';
import { limits } from '../limits.ts';

type Answer = readonly string[];

export interface NameResolver {
  /** Calls `deliver` with all addresses, both families; none when there is no answer. Never when too many wait. */
  resolve(name: string, deliver: (addresses: Answer) => void): void;
}

export class HostResolver implements NameResolver {
  readonly #lookUp: (name: string) => Promise<Answer>;
  readonly #now: () => number;
  readonly #answers = new Map<string, { readonly addresses: Answer; readonly until: number }>();
  /** In the order in which they came. */
  readonly #waiting = new Map<string, ((addresses: Answer) => void)[]>();
  #busy = false;

  constructor(lookUp: (name: string) => Promise<Answer> = addressesOf, now: () => number = Date.now) {
    this.#lookUp = lookUp;
    this.#now = now;
  }

  resolve(name: string, deliver: (addresses: Answer) => void): void {
    const answer = this.#answers.get(name);
    if (answer && answer.until > this.#now()) {
      deliver(answer.addresses);
      return;
    }
    const waiting = this.#waiting.get(name);
    if (waiting) {
      if (waiting.length < limits.kafkaBrokersRemembered) waiting.push(deliver);
    } else if (this.#waiting.size < limits.kafkaNamesWaiting) {
      this.#waiting.set(name, [deliver]);
      if (!this.#busy) void this.#work();
    }
  }

  async #work(): Promise<void> {
    this.#busy = true;
    for (let [name] = this.#waiting.keys(); name !== undefined; [name] = this.#waiting.keys()) {
      const addresses = await this.#lookUp(name).catch(() => []);
      if (this.#answers.size >= limits.kafkaBrokersRemembered) this.#answers.clear();
      this.#answers.set(name, { addresses, until: this.#now() + limits.kafkaNameHoldsMs });
      const deliveries = this.#waiting.get(name) ?? [];
      this.#waiting.delete(name);
      for (const deliver of deliveries) deliver(addresses);
    }
    this.#busy = false;
  }
}

/** A name that no host can have is not asked for. */
async function addressesOf(name: string): Promise<Answer> {
  if (!/^[A-Za-z0-9._-]+$/.test(name)) return [];
  return (await lookup(name, { all: true })).map(({ address }) => address);
}
