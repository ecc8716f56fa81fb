/** A relay's wish to let go of its connections, until a boundary comes or it has waited long enough. */

import { closeFd } from '../../native/index.ts';
import type { Released } from '../node-relay.ts';
import type { NodeSide } from './side.ts';

export class Release {
  readonly #onEnd: (released: Released | undefined) => void;
  readonly #deadline: NodeJS.Timeout;
  #ended = false;

  constructor(withinMs: number, onEnd: (released: Released | undefined) => void) {
    this.#onEnd = onEnd;
    this.#deadline = setTimeout(() => this.end(undefined), withinMs);
  }

  get waits(): boolean {
    return !this.#ended;
  }

  /** @returns undefined when there are no descriptors left: the relay goes on as it was */
  duplicate(downstream: NodeSide, upstream: NodeSide): { downstream: number; upstream: number } | undefined {
    let first: number | undefined;
    try {
      first = downstream.duplicate();
      return { downstream: first, upstream: upstream.duplicate() };
    } catch {
      if (first !== undefined) closeFd(first);
      this.end(undefined);
      return undefined;
    }
  }

  end(released: Released | undefined): void {
    if (this.#ended) return;
    this.#ended = true;
    clearTimeout(this.#deadline);
    this.#onEnd(released);
  }
}
