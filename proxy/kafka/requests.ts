/**
 * The client's direction: frames → header → API and version → judged → forwarded, rewritten, answered here or refused.
 */

import { limits } from '../../src/limits.ts';
import type { DenyReason } from '../record.ts';
import { Access } from './access.ts';
import { unknownApiVersions } from './api/api-versions.ts';
import { metadata } from './api/metadata.ts';
import { apis } from './apis.ts';
import type { Exchange } from './exchange.ts';
import { fixedHeaderBytes, readHeader } from './header.ts';
import { HeldFrame } from './held-frame.ts';
import type { Api, Judgement, Request, ResponsePlan, Stream } from './request.ts';
import type { Judged } from './slots.ts';
import { lookupFrame } from './topic-ids.ts';

/** First byte of a TLS handshake record (RFC 8446, section 5.1); as the first of a frame's size it says 352 MiB and more. */
const tlsHandshake = 0x16;

export class Requests {
  readonly #exchange: Exchange;
  #held: HeldFrame | undefined;
  #stream: { readonly stream: Stream; readonly request: Judged } | undefined;
  /** The timer runs for a frame that is not complete. */
  #timed = false;
  #first = true;

  constructor(exchange: Exchange) {
    this.#exchange = exchange;
  }

  /** Deals with the next request; false: it is not there yet, or has to wait. */
  step(): boolean {
    const { connection, slots, ending, closed, asking } = this.#exchange;
    const { downstream } = connection.relay;
    if (ending || closed || asking || slots.length >= limits.kafkaPipelinedRequests) return false;
    if (slots.bytes > limits.kafkaWaitingBytes || downstream.backlog > limits.relayBacklogHighBytes) return false;
    if (this.#held !== undefined) return this.#takeHeld(this.#held);
    if (this.#stream !== undefined) return this.#takeStream(this.#stream);
    if (downstream.pending > 0) return downstream.ended && this.#clientEnded();
    const arrived = downstream.arrived();
    if (arrived.length === 0) return this.#clientEnded();
    return this.#frame(arrived);
  }

  release(): void {
    this.#held?.release();
  }

  /** A request has begun and is not complete. */
  get underWay(): boolean {
    if (this.#held !== undefined || this.#stream !== undefined) return true;
    return this.#exchange.connection.relay.downstream.pending > 0;
  }

  #takeHeld(held: HeldFrame): boolean {
    const { downstream } = this.#exchange.connection.relay;
    const frame = held.take(downstream);
    if (frame === 'incomplete') return downstream.ended && this.#clientEnded();
    this.#held = undefined;
    if (frame === 'no room') {
      held.release();
      return this.#refuse('limit', 'no memory left for requests');
    }
    this.#frame(frame, held);
    if (this.#exchange.asking) this.#held = held;
    else held.release();
    return true;
  }

  #takeStream({ stream, request }: { readonly stream: Stream; readonly request: Judged }): boolean {
    const { connection, slots } = this.#exchange;
    const { downstream } = connection.relay;
    const end = stream.step(downstream);
    if (end === undefined) return downstream.ended && this.#clientEnded();
    this.#stream = undefined;
    switch (end.kind) {
      case 'forwarded':
        this.#expect(request, end.response);
        break;
      case 'answer':
        slots.push({ kind: 'answer', request, frame: end.frame, error: end.error });
        if (end.closes) this.#end('no-rule');
        break;
      case 'close':
        this.#exchange.record(request, end.error, end);
        this.#end(end.reason);
    }
    return true;
  }

  #clientEnded(): boolean {
    const { connection, slots } = this.#exchange;
    const { downstream } = connection.relay;
    if (!downstream.ended) return false;
    this.#exchange.ending = true;
    // Whoever has read all its answers, or stopped within a request, is gone; who only closed its half may still read.
    const within = this.underWay;
    if (slots.length > 0 && !within) slots.push({ kind: 'close', cause: 'client-closed' });
    else this.#exchange.close('graceful', 'client-closed');
    return true;
  }

  /** Judges the frame that `arrived` starts with, or the whole one that was `held`. */
  #frame(arrived: Uint8Array, held?: HeldFrame): boolean {
    if (this.#first && arrived[0] === tlsHandshake) return this.#refuse('tls', 'the client speaks TLS');
    if (arrived.length < fixedHeaderBytes) return this.#wait();
    const view = new DataView(arrived.buffer, arrived.byteOffset, fixedHeaderBytes);
    const size = view.getInt32(0);
    if (size < fixedHeaderBytes - 4 + 2) return this.#refuse('malformed', `frame of ${size} bytes`);
    if (size > limits.kafkaFrameBytes) return this.#refuse('limit', `frame of ${size} bytes`);
    this.#first = false;
    const total = size + 4;

    const start = { key: view.getInt16(4), version: view.getInt16(6), correlationId: view.getInt32(8) };
    const api = apis.get(start.key);
    if (api === undefined) return this.#refuse('unknown-api', `API key ${start.key}`, start);
    if (start.version < api.min || start.version > api.max) return this.#refuseVersion(api, start, total, held);

    const header = readHeader(arrived, total, start.version >= api.request.flexible);
    if (header === 'malformed') return this.#refuse('malformed', 'request header', start);
    if (header === 'incomplete') return this.#wait();
    const rules = this.#exchange.rules();
    if (rules === undefined) {
      this.#exchange.close('reset', 'policy-revoked');
      return false;
    }

    const { version, correlationId } = start;
    const { clientId, body } = header;
    const whole = arrived.length >= total;
    const request: Request = {
      api,
      version,
      correlationId,
      bytes: arrived.length > total ? arrived.subarray(0, total) : arrived,
      body,
      access: new Access(rules, clientId, api.name, version),
      shares: this.#exchange.shares,
    };
    const { access } = request;
    const judged: Judged = { api, version, correlationId, clientId, access, time: this.#exchange.connection.now() };
    if (!whole) {
      const { stream } = api;
      const streams = total > limits.kafkaHeldRequestBytes || api.streams?.(request) === true;
      if (stream === undefined || !streams) {
        const held = this.#hold(total, start);
        if (held !== 'no room') return held;
        if (stream === undefined) return this.#refuse('limit', 'no memory left for requests', start);
      }
      this.#stopTimer();
      this.#stream = { stream: stream(request, total), request: judged };
      return true;
    }
    this.#stopTimer();
    const judgement = api.judge(request);
    if (judgement.kind === 'lookup') return this.#ask(judgement.ids, judged);
    this.#exchange.shares.topicIds.settle();
    this.#carryOut(judgement, judged, request.bytes, total, held !== undefined);
    return true;
  }

  /** Asks the broker which topics these are. The request stays where it is, and is judged anew afterwards. */
  #ask(ids: readonly string[], request: Judged): boolean {
    const { connection, shares, slots } = this.#exchange;
    const frame = lookupFrame(request.correlationId, request.clientId, ids);
    if (frame === undefined) return this.#refuse('limit', 'too many topics');
    connection.relay.upstream.send(frame);
    this.#exchange.asking = true;
    const learn = (answer: Uint8Array): boolean => {
      this.#exchange.asking = false;
      return shares.topicIds.learn(metadata, answer, ids);
    };
    slots.push({
      kind: 'broker',
      request: { ...request, api: metadata, version: metadata.max },
      plan: { kind: 'learn', learn },
    });
    return true;
  }

  #carryOut(
    judgement: Exclude<Judgement, { kind: 'lookup' }>,
    request: Judged,
    bytes: Uint8Array,
    total: number,
    held: boolean,
  ): void {
    const { connection, slots } = this.#exchange;
    const { downstream, upstream } = connection.relay;
    switch (judgement.kind) {
      case 'pass':
        if (held) upstream.send(bytes);
        else downstream.forward(total);
        break;
      case 'patch': {
        const { offset, bytes: patch } = judgement;
        // A Buffer's own `slice` would be a view of memory that the relay uses again.
        const head = new Uint8Array(bytes.subarray(0, offset + patch.length));
        head.set(patch, offset);
        upstream.send(head);
        if (held) {
          upstream.send(bytes.subarray(head.length));
        } else {
          downstream.skip(head.length);
          if (total > head.length) downstream.forward(total - head.length);
        }
        break;
      }
      case 'replace':
        upstream.send(judgement.frame);
        if (!held) downstream.skip(total);
        break;
      case 'answer':
        if (!held) downstream.skip(total);
        slots.push({ kind: 'answer', request, frame: judgement.frame, error: judgement.error });
        return;
      case 'close':
        this.#exchange.record(request, judgement.error, judgement);
        this.#end(judgement.reason);
        return;
    }
    this.#expect(request, judgement.response);
  }

  /** The request is with the broker. */
  #expect(request: Judged, response: ResponsePlan): void {
    if (response.kind !== 'none' && response.kind !== 'closing') {
      this.#exchange.slots.push({ kind: 'broker', request, plan: response });
      return;
    }
    this.#exchange.record(request, undefined);
    if (response.kind === 'closing') this.#end('no-rule');
  }

  /** More bytes are needed of a frame that fits into what the relay keeps. */
  #wait(): boolean {
    if (this.#exchange.connection.relay.downstream.ended) return this.#clientEnded();
    this.#startTimer();
    return false;
  }

  #hold(total: number, start: { key: number; version: number; correlationId: number }): boolean | 'no room' {
    if (total <= limits.relayArrivalBytes) return this.#wait();
    if (total > limits.kafkaHeldRequestBytes) {
      return this.#refuse('limit', `request of ${total} bytes that must be judged as a whole`, start);
    }
    this.#held = HeldFrame.of(total);
    if (this.#held === undefined) return 'no room';
    this.#startTimer();
    return true;
  }

  #refuseVersion(
    api: Api,
    start: { key: number; version: number; correlationId: number },
    total: number,
    held: HeldFrame | undefined,
  ): boolean {
    const frame = api.name === 'apiversions' ? unknownApiVersions(start.correlationId) : undefined;
    const rules = this.#exchange.rules();
    if (frame === undefined || rules === undefined || start.version < 0 || total > limits.kafkaHeaderBytes) {
      return this.#refuse('unknown-api', `${api.name} version ${start.version}`, start);
    }
    const access = new Access(rules, '', api.name, start.version);
    const { version, correlationId } = start;
    const request = { api, version, correlationId, clientId: '', access, time: this.#exchange.connection.now() };
    if (held === undefined) this.#exchange.connection.relay.downstream.skip(total);
    this.#exchange.slots.push({ kind: 'answer', request, frame, error: 35 });
    return true;
  }

  #refuse(
    reason: DenyReason,
    detail: string,
    start?: { key: number; version: number; correlationId: number },
  ): boolean {
    this.#exchange.recordRefusal(reason, detail, start);
    this.#end(reason);
    return true;
  }

  /** As the broker: what came before is answered, then the connection is closed. */
  #end(reason: DenyReason): void {
    this.#exchange.ending = true;
    this.#stopTimer();
    const cause = reason === 'malformed' || reason === 'limit' ? reason : 'denied';
    this.#exchange.slots.push({ kind: 'close', cause });
  }

  #startTimer(): void {
    if (this.#timed) return;
    this.#timed = true;
    this.#exchange.connection.relay.timer(limits.kafkaFrameTimeoutMs);
  }

  #stopTimer(): void {
    if (!this.#timed) return;
    this.#timed = false;
    this.#exchange.connection.relay.timer(undefined);
  }
}
