/**
 * Kafka: each request is judged by the topics, groups and transactional ids that it names, and denied as the broker's
 * own ACLs would deny it. docs/KAFKA.md says what is judged and how.
 */

import { limits } from '../../src/limits.ts';
import type { Connection, ProtocolFactory } from '../connection.ts';
import type { ProtocolProgress } from '../progress.ts';
import type { Boundary, Protocol } from '../relay.ts';
import { Exchange } from './exchange.ts';
import { Requests } from './requests.ts';
import { Responses } from './responses.ts';

export const kafka: ProtocolFactory = (connection) => new KafkaConnection(connection);

class KafkaConnection implements Protocol {
  readonly #exchange: Exchange;
  readonly #requests: Requests;
  readonly #responses: Responses;
  #stopping = false;

  constructor(connection: Connection) {
    this.#exchange = new Exchange(connection);
    this.#requests = new Requests(this.#exchange);
    this.#responses = new Responses(this.#exchange);
  }

  onDownstream(): void {
    this.#run();
  }

  onUpstream(): void {
    this.#run();
  }

  onDrain(): void {
    this.#run();
  }

  onTimer(): void {
    if (this.#stopping) {
      this.#probe();
    } else if (!this.#exchange.ending) {
      this.#exchange.recordRefusal('limit', 'a request did not become complete in time');
      this.#exchange.close('reset', 'head-timeout');
    } else {
      this.#run();
    }
  }

  /** Rules are asked for with every request, and no verdict outlives its request. */
  onPolicy(): void {}

  onStop(): void {
    this.#stopping = true;
    this.#probe();
  }

  /** Nobody tells when the last bytes of a request have passed, so that is looked at from time to time. */
  #probe(): void {
    this.#run();
    if (!this.#exchange.closed) this.#exchange.connection.relay.timer(limits.kafkaLingerMs);
  }

  /** Nothing of a connection is remembered from one request to the next. */
  boundary(): Boundary | undefined {
    const { ending, slots } = this.#exchange;
    return ending || slots.length > 0 || this.#requests.underWay ? undefined : 'kafka';
  }

  progress(): ProtocolProgress {
    return { at: 'kafka' };
  }

  onClosed(): void {
    this.#exchange.closed = true;
    this.#requests.release();
    this.#responses.release();
  }

  /** Requests fill places in the line, responses free them: on until neither moves. */
  #run(): void {
    while (!this.#exchange.closed) {
      const requests = this.#requests.underWay ? this.#requests.step() : this.#begin();
      const responses = this.#responses.step();
      if (!requests && !responses) return;
    }
  }

  #begin(): boolean {
    if (this.#stopping) return this.#stop();
    return !this.#exchange.connection.relay.leaving && this.#requests.step();
  }

  /** No further request is taken: the client asks again on its next connection. */
  #stop(): boolean {
    const { ending, slots } = this.#exchange;
    if (ending) return false;
    this.#exchange.ending = true;
    slots.push({ kind: 'close', cause: 'drain' });
    return true;
  }
}
