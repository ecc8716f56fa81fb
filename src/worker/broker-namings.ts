/** What servers of Kafka told their clients of other brokers, on its way to the main thread: each once in a while. */

import type { BrokerAddress } from '../../proxy/kafka/brokers.ts';
import type { ConnectionFacts } from '../../proxy/record.ts';
import { limits } from '../limits.ts';

type Tell = (facts: ConnectionFacts, brokers: readonly BrokerAddress[]) => void;

export class BrokerNamings {
  readonly #tell: Tell;
  readonly #now: () => number;
  /** When it was told, by who was told of whom. */
  readonly #told = new Map<string, number>();

  constructor(tell: Tell, now: () => number = Date.now) {
    this.#tell = tell;
    this.#now = now;
  }

  hear(facts: ConnectionFacts, brokers: readonly BrokerAddress[]): void {
    const news = brokers.filter((broker) => this.#isNew(facts, broker));
    if (news.length > 0) this.#tell(facts, news);
  }

  #isNew({ direction, client, server }: ConnectionFacts, { host, port }: BrokerAddress): boolean {
    const key = `${direction} ${client.address} ${server.address} ${server.port} ${port} ${host}`;
    const now = this.#now();
    const last = this.#told.get(key);
    if (last !== undefined && now - last < limits.kafkaBrokerRepeatMs) return false;
    // All are told again then, which costs no more than time.
    if (this.#told.size >= limits.kafkaBrokersRemembered) this.#told.clear();
    this.#told.set(key, now);
    return true;
  }
}
