/**
 * Requests that wait for their responses, in the order in which they came: a broker answers strictly in that order, so
 * that order alone pairs a response with its request. Correlation ids are the client's own and may repeat.
 */

import type { CloseCause } from '../relay.ts';
import type { Access } from './access.ts';
import type { Api, ResponsePlan } from './request.ts';

/** What is known of a request once it is judged. */
export interface Judged {
  readonly api: Api;
  readonly version: number;
  readonly correlationId: number;
  readonly clientId: string;
  readonly access: Access;
  /** Milliseconds since the epoch, when its head was complete. */
  readonly time: number;
}

export type Slot =
  /** The broker answers; the answer to a `learn` plan is for us alone. */
  | { readonly kind: 'broker'; readonly request: Judged; readonly plan: ResponsePlan }
  /** We answer. */
  | { readonly kind: 'answer'; readonly request: Judged; readonly frame: Uint8Array; readonly error: number }
  /** The connection ends here. */
  | { readonly kind: 'close'; readonly cause: CloseCause };

export class Slots {
  #slots: Slot[] = [];
  #first = 0;

  get length(): number {
    return this.#slots.length - this.#first;
  }

  /** Answers of ours, and parts of such, that wait for their turn. */
  bytes = 0;

  push(slot: Slot): void {
    this.bytes += ownBytes(slot);
    this.#slots.push(slot);
  }

  head(): Slot | undefined {
    return this.#slots[this.#first];
  }

  shift(): void {
    const head = this.head();
    if (head !== undefined) this.bytes -= ownBytes(head);
    this.#first++;
    if (this.#first < 64 && this.#first < this.#slots.length) return;
    this.#slots = this.#slots.slice(this.#first);
    this.#first = 0;
  }
}

function ownBytes(slot: Slot): number {
  if (slot.kind === 'answer') return slot.frame.length;
  return slot.kind === 'broker' && slot.plan.kind === 'insert' ? slot.plan.elements.bytes.length : 0;
}
