/** Somebody waits for a relay's next boundary, but not for ever; and what one may take along from there. */

import { closeFd, duplicateFd } from '../../native/index.ts';
import type { BoundaryPoint } from '../node-relay.ts';
import type { NodeSide } from './side.ts';

export class BoundaryWait {
  readonly #visit: (point: BoundaryPoint) => void;
  readonly #late: () => void;
  readonly #deadline: NodeJS.Timeout;
  #ended = false;

  constructor(withinMs: number, visit: (point: BoundaryPoint) => void, late: () => void) {
    this.#visit = visit;
    this.#late = late;
    this.#deadline = setTimeout(() => this.end(), withinMs);
  }

  get waits(): boolean {
    return !this.#ended;
  }

  visit(point: BoundaryPoint): void {
    if (this.#finish()) this.#visit(point);
  }

  /** In vain. */
  end(): void {
    if (this.#finish()) this.#late();
  }

  #finish(): boolean {
    if (this.#ended) return false;
    this.#ended = true;
    clearTimeout(this.#deadline);
    return true;
  }
}

/** Other descriptors of both sides' connections, the caller's; undefined when there are none left. */
export function duplicateBoth(
  downstream: NodeSide,
  upstream: NodeSide,
): { readonly downstream: number; readonly upstream: number } | undefined {
  let first: number | undefined;
  try {
    first = duplicateFd(downstream.fd);
    return { downstream: first, upstream: duplicateFd(upstream.fd) };
  } catch {
    if (first !== undefined) closeFd(first);
    return undefined;
  }
}
