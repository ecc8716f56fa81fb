/**
 * The broker's direction: each response belongs to the request that has waited longest; answers of ours take their turn.
 */

import { limits } from '../../src/limits.ts';
import { hasTaggedHeader } from './answer.ts';
import { insertDenials } from './elements.ts';
import { errorCode } from './error-code.ts';
import type { Exchange } from './exchange.ts';
import { HeldFrame } from './held-frame.ts';
import type { ResponsePlan } from './request.ts';
import type { Judged, Slot } from './slots.ts';

/** Of a response that is held until all of it is there. */
type Whole = Extract<ResponsePlan, { kind: 'rewrite' | 'learn' }>;
type BrokerSlot = Extract<Slot, { kind: 'broker' }>;

export class Responses {
  readonly #exchange: Exchange;
  #held: HeldFrame | undefined;

  constructor(exchange: Exchange) {
    this.#exchange = exchange;
  }

  /** Deals with the next response; false: it is not there yet. */
  step(): boolean {
    const { connection, slots, closed } = this.#exchange;
    const { downstream, upstream } = connection.relay;
    if (closed) return false;
    const slot = slots.head();
    switch (slot?.kind) {
      case undefined:
        if (upstream.pending === 0 && upstream.arrived().length > 0)
          return this.#malformed('response without a request');
        return this.#brokerEnded();
      case 'answer':
        downstream.send(slot.frame);
        this.#exchange.record(slot.request, slot.error);
        slots.shift();
        return true;
      case 'close':
        if (upstream.pending > 0 || downstream.pending > 0) {
          if (upstream.ended) return this.#brokerEnded();
          connection.relay.timer(limits.kafkaLingerMs);
          return false;
        }
        this.#exchange.close('graceful', slot.cause);
        return true;
      case 'broker':
        if (upstream.pending > 0) return this.#brokerEnded();
        return this.#held === undefined ? this.#response(slot) : this.#takeHeld(slot, this.#held);
    }
  }

  release(): void {
    this.#held?.release();
  }

  #brokerEnded(): boolean {
    if (this.#exchange.connection.relay.upstream.ended) this.#exchange.close('graceful', 'server-closed');
    return false;
  }

  #response(slot: BrokerSlot): boolean {
    const { upstream } = this.#exchange.connection.relay;
    const arrived = upstream.arrived();
    if (arrived.length < 8) return this.#brokerEnded();
    const view = new DataView(arrived.buffer, arrived.byteOffset, 8);
    const size = view.getInt32(0);
    if (size < 4) return this.#malformed(`response of ${size} bytes`);
    // Order pairs them; that the id fits too shows that both sides count alike.
    if (view.getInt32(4) !== slot.request.correlationId) return this.#malformed('correlation id out of order');
    const total = size + 4;
    const { plan } = slot;
    switch (plan.kind) {
      case 'rewrite':
      case 'learn':
        return this.#rewrite(slot, plan, arrived, total);
      case 'insert':
        return this.#insert(slot, plan, arrived, total);
      default:
        if (slot.request.api.namesBrokers !== undefined) {
          if (arrived.length < Math.min(total, limits.kafkaPartBytes)) return this.#brokerEnded();
          this.#exchange.nameBrokers(slot.request, arrived.subarray(0, total));
        }
        this.#done(slot.request, arrived);
        upstream.forward(total);
        return true;
    }
  }

  #insert(
    { request }: BrokerSlot,
    plan: Extract<ResponsePlan, { kind: 'insert' }>,
    arrived: Uint8Array,
    total: number,
  ): boolean {
    const { downstream, upstream } = this.#exchange.connection.relay;
    const bytes = arrived.length > total ? arrived.subarray(0, total) : arrived;
    const head = insertDenials(bytes, hasTaggedHeader(request.api, request.version), plan);
    if (head === undefined) {
      if (bytes.length < Math.min(total, limits.kafkaPartBytes)) return this.#brokerEnded();
      return this.#malformed(`${request.api.name} response`);
    }
    this.#exchange.nameBrokers(request, bytes);
    if (head.length > 0) downstream.send(head.bytes);
    upstream.skip(head.length);
    if (total > head.length) upstream.forward(total - head.length);
    this.#done(request, bytes, plan.elements.error);
    return true;
  }

  #rewrite(slot: BrokerSlot, plan: Whole, arrived: Uint8Array, total: number): boolean {
    const { upstream } = this.#exchange.connection.relay;
    if (arrived.length >= total) {
      const sent = this.#send(slot.request, plan, new Uint8Array(arrived.subarray(0, total)));
      if (sent) upstream.skip(total);
      return sent;
    }
    if (total <= limits.relayArrivalBytes) return this.#brokerEnded();
    this.#held = total > limits.kafkaHeldResponseBytes ? undefined : HeldFrame.of(total);
    if (this.#held !== undefined) return true;
    return this.#tooLarge(slot.request, `response of ${total} bytes`);
  }

  #tooLarge({ api }: Judged, detail: string): boolean {
    this.#exchange.recordRefusal('limit', `${api.name}: ${detail}`);
    this.#exchange.close('reset', 'limit');
    return false;
  }

  #takeHeld(slot: BrokerSlot, held: HeldFrame): boolean {
    const frame = held.take(this.#exchange.connection.relay.upstream);
    if (frame === 'incomplete') return this.#brokerEnded();
    this.#held = undefined;
    held.release();
    if (frame === 'no room') return this.#tooLarge(slot.request, 'no memory left for responses');
    return (slot.plan.kind === 'rewrite' || slot.plan.kind === 'learn') && this.#send(slot.request, slot.plan, frame);
  }

  #send(request: Judged, plan: Whole, frame: Uint8Array): boolean {
    if (plan.kind === 'learn') {
      if (!plan.learn(frame)) return this.#malformed('metadata response');
      this.#exchange.slots.shift();
      return true;
    }
    const rewritten = plan.rewrite(frame);
    if (rewritten === undefined) return this.#malformed(`${request.api.name} response`);
    this.#exchange.nameBrokers(request, rewritten);
    this.#exchange.connection.relay.downstream.send(rewritten);
    this.#done(request, frame, filteredError(request));
    return true;
  }

  /** `denial`: the error that a part of the request got from us. */
  #done(request: Judged, frame: Uint8Array, denial?: number): void {
    this.#exchange.record(request, denial ?? topError(request, frame));
    this.#exchange.slots.shift();
  }

  #malformed(detail: string): boolean {
    this.#exchange.recordRefusal('malformed', `from the broker: ${detail}`);
    this.#exchange.close('reset', 'malformed');
    return false;
  }
}

/** What was named and denied in a request whose response was filtered. */
function filteredError({ access }: Judged): number | undefined {
  if (access.deniedCount === 0 || access.audit) return undefined;
  return access.denied[0]?.startsWith('group') === true
    ? errorCode.groupAuthorizationFailed
    : errorCode.topicAuthorizationFailed;
}

/** The response's own error code, where only fields of fixed size come before it and they have arrived. */
function topError({ api, version }: Judged, frame: Uint8Array): number | undefined {
  let offset = 8;
  if (hasTaggedHeader(api, version)) {
    if (frame[8] !== 0) return undefined;
    offset = 9;
  }
  for (const field of api.response.layout(version).fields) {
    if (field.name === 'error') {
      const [high, low] = [frame[offset], frame[offset + 1]];
      return high === undefined || low === undefined ? undefined : (((high << 8) | low) << 16) >> 16;
    }
    if (field.kind !== 'fixed') return undefined;
    offset += field.size;
  }
  return undefined;
}
