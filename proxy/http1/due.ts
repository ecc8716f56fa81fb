/** Requests whose answers are due, oldest first, and whether there are too many of them. */

import { limits } from '../../src/limits.ts';
import type { Exchange } from './exchange.ts';

export class DueAnswers {
  readonly #exchanges: Exchange[] = [];
  #headBytes = 0;

  get first(): Exchange | undefined {
    return this.#exchanges[0];
  }

  get empty(): boolean {
    return this.#exchanges.length === 0;
  }

  get full(): boolean {
    return this.#exchanges.length >= limits.httpPipelinedRequests || this.#headBytes >= limits.httpPipelinedBytes;
  }

  push(exchange: Exchange): void {
    this.#exchanges.push(exchange);
    this.#headBytes += headBytes(exchange);
  }

  shift(): Exchange | undefined {
    const exchange = this.#exchanges.shift();
    if (exchange) this.#headBytes -= headBytes(exchange);
    return exchange;
  }
}

function headBytes(exchange: Exchange): number {
  return exchange.kind === 'forwarded' ? exchange.head.length : 0;
}
