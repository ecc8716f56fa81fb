/**
 * HTTP/1.1 on a relay: each request head is held until it is judged, then passes as it came; bodies and responses pass
 * without a look at their content. Denied requests are answered here, in order with the server's answers.
 */

import { limits } from '../../src/limits.ts';
import type { Connection, ProtocolFactory } from '../connection.ts';
import { compileHttpRules, type HttpDecider, type HttpDecision } from '../decide.ts';
import { badRequest, forbidden, headOf, noAnswer } from '../deny.ts';
import type { ProtocolProgress } from '../progress.ts';
import type { Boundary, CloseCause, Protocol } from '../relay.ts';
import { ChunkedBody } from './chunked.ts';
import { DueAnswers } from './due.ts';
import { editedHead, withoutUpgrade } from './edit.ts';
import { type ForwardedExchange, recordDenied, recordForwarded, recordRefused } from './exchange.ts';
import { type Answering, head, lastByte, nothing, type Reading, rest } from './phase.ts';
import { type RequestHead, scanRequestHead } from './request-head.ts';
import { type ResponseHead, scanResponseHead } from './response-head.ts';
import { goOnTunnelling, Tunnel } from './tunnel.ts';

export const http1: ProtocolFactory = (connection, from) =>
  from?.at === 'tunnel' ? goOnTunnelling(connection, from.request) : new Http1(connection);

class Http1 implements Protocol {
  readonly #connection: Connection;
  readonly #due = new DueAnswers();
  #reading: Reading = head;
  #answering: Answering = head;
  #decider: HttpDecider | undefined;
  #tunnel: Tunnel | undefined;
  #upgrading: RequestHead | undefined;
  #clientEnded = false;
  #draining = false;
  #closed = false;
  #headTimer = false;
  /** The server spoke unasked: who takes its words for an answer to the next request is wrong. */
  #unasked = false;
  /** Why the connection ends when the server has, because no answer of ours can be put behind its own. */
  #unanswered: CloseCause | undefined;
  /** Of a chunked body that is thrown away, bytes. */
  #drained = 0;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  onDownstream(): void {
    this.#readRequests();
  }

  onUpstream(): void {
    this.#readResponses();
    // An answer that was due may have been what the next request waited for.
    this.#readRequests();
  }

  onDrain(): void {
    this.#readRequests();
  }

  onTimer(): void {
    if (!this.#headTimer || this.#closed) return;
    recordRefused(this.#connection, 'limit', 'the head did not come to its end in time');
    this.#close('head-timeout');
  }

  /** The next request is judged by the new rules. */
  onPolicy(): void {
    this.#decider = undefined;
    this.#tunnel?.onPolicy();
  }

  onStop(): void {
    this.#draining = true;
    if (this.#tunnel) this.#tunnel.onStop();
    else this.#answerDue();
  }

  boundary(): Boundary | undefined {
    if (this.#tunnel) return this.#tunnel.boundary();
    return this.#reading === head && this.#answering === head && this.#due.empty ? 'http1' : undefined;
  }

  progress(): ProtocolProgress {
    return this.#tunnel?.progress() ?? { at: 'http1' };
  }

  onClosed(): void {
    this.#closed = true;
    for (let exchange = this.#due.shift(); exchange; exchange = this.#due.shift()) {
      if (exchange.kind === 'forwarded') recordForwarded(this.#connection, exchange);
    }
  }

  #readRequests(): void {
    const { downstream, leaving } = this.#connection.relay;
    while (!this.#closed && !this.#tunnel && downstream.pending === 0 && !this.#isCrowded()) {
      const reading = this.#reading;
      if (reading.what === 'nothing' || reading.what === 'upgrade') break;
      if (reading.what === 'head' && leaving) break;
      const arrived = downstream.arrived();
      if (arrived.length === 0) break;
      if (!(reading.what === 'head' ? this.#readHead(arrived) : this.#readChunks(arrived, reading))) break;
    }
    if (downstream.ended && !this.#closed && !this.#tunnel) this.#mirrorClientEnd();
  }

  #isCrowded(): boolean {
    return this.#due.full || this.#connection.relay.downstream.backlog > limits.relayBacklogHighBytes;
  }

  /** @returns whether there may be more to read */
  #readHead(arrived: Uint8Array): boolean {
    if (this.#unasked) {
      this.#close('malformed');
      return false;
    }
    const scan = scanRequestHead(arrived);
    this.#setTimer(scan.kind === 'incomplete');
    if (scan.kind === 'incomplete') return false;
    if (scan.kind === 'head') {
      this.#judge(scan.head);
      return true;
    }
    recordRefused(this.#connection, scan.kind, scan.detail);
    this.#answerLocally(badRequest, scan.kind === 'limit' ? 'limit' : 'malformed');
    return false;
  }

  #setTimer(on: boolean): void {
    if (on !== this.#headTimer) this.#connection.relay.timer(on ? limits.httpHeadTimeoutMs : undefined);
    this.#headTimer = on;
  }

  #judge(request: RequestHead): void {
    const decision = this.#decide(request);
    if (decision.verdict === 'DENY') {
      recordDenied(this.#connection, request, decision, 403);
      this.#deny(request);
      return;
    }
    this.#due.push({ kind: 'forwarded', head: request, decision, time: this.#connection.now() });
    this.#forward(request, decision);
    if (request.body.kind === 'chunked') {
      this.#reading = { what: 'chunks', body: new ChunkedBody('refused'), fate: 'forward' };
    } else if (request.upgrade === 'websocket') {
      this.#upgrading = request;
      this.#reading = { what: 'upgrade' };
    }
  }

  #decide(request: RequestHead): HttpDecision {
    const { upgrade } = request;
    if (upgrade !== undefined && upgrade !== 'websocket' && upgrade !== 'h2c') {
      const detail = 'an Upgrade to anything but websocket could not be judged';
      return { verdict: 'DENY', reason: 'unsupported', detail };
    }
    const ruleSet = this.#connection.ruleSet();
    if (ruleSet.kind !== 'http')
      return { verdict: 'DENY', reason: 'revoked', detail: 'the port is no longer under HTTP rules' };
    this.#decider ??= compileHttpRules(ruleSet);
    return this.#decider.decide(request);
  }

  #forward(request: RequestHead, decision: ForwardedExchange['decision']): void {
    const { downstream, upstream } = this.#connection.relay;
    const inHead = request.body.kind === 'length' ? request.body.length : 0;
    const edits = decision.verdict === 'ALLOW' ? decision.edits : [];
    // What would follow a switch to HTTP/2 could not be judged; a server that is not asked goes on in HTTP/1.1.
    const text = request.upgrade === 'h2c' ? withoutUpgrade(request.text) : request.text;
    if (edits.length === 0 && text === request.text) {
      downstream.forward(request.length + inHead);
    } else {
      downstream.skip(request.length);
      upstream.send(editedHead(text, edits));
      downstream.forward(inHead);
    }
  }

  /** Keeps the connection when the body is small enough to be thrown away; who waits for a 100 never gets it. */
  #deny(request: RequestHead): void {
    const { downstream } = this.#connection.relay;
    const { body } = request;
    const length = body.kind === 'length' ? body.length : 0;
    const close = !request.keepAlive || request.expectsContinue || length > limits.httpDrainBytes;
    downstream.skip(request.length);
    const answer = forbidden(close);
    this.#answerLocally(request.method === 'HEAD' ? headOf(answer) : answer, close ? 'denied' : undefined);
    if (this.#reading === nothing) return;
    downstream.skip(length);
    if (body.kind !== 'chunked') return;
    this.#drained = 0;
    this.#reading = { what: 'chunks', body: new ChunkedBody('refused'), fate: 'skip' };
  }

  /** @returns whether there may be more to read */
  #readChunks(arrived: Uint8Array, { body, fate }: Extract<Reading, { what: 'chunks' }>): boolean {
    const { downstream } = this.#connection.relay;
    const step = body.step(arrived);
    if (step.kind === 'incomplete') return false;
    if (step.kind === 'malformed') {
      recordRefused(this.#connection, 'malformed', step.detail);
      // The server has the head already and may wait for ever: it must not take the next bytes for anything.
      if (fate === 'forward') this.#breakOff('malformed');
      else this.#answerLocally(noAnswer, 'malformed');
      return false;
    }
    if (fate === 'forward') {
      downstream.forward(step.count);
    } else {
      this.#drained += step.count;
      if (this.#drained > limits.httpDrainBytes) {
        this.#answerLocally(noAnswer, 'denied');
        return false;
      }
      downstream.skip(step.count);
    }
    if (step.last) this.#reading = head;
    return true;
  }

  /** @param close why the connection ends after it, if it does */
  #answerLocally(answer: Uint8Array, close?: CloseCause): void {
    if (close !== undefined || this.#answering === rest) this.#reading = nothing;
    if (this.#answering === rest) {
      this.#unanswered = close ?? 'denied';
      this.#endUnanswered();
    } else {
      this.#due.push({ kind: 'local', answer, close });
      this.#answerDue();
    }
  }

  /** Sends those of our own answers whose turn it is. */
  #answerDue(): void {
    while (!this.#closed && this.#answering === head) {
      const next = this.#due.first;
      if (next?.kind !== 'local') break;
      this.#due.shift();
      if (next.answer.length > 0) this.#connection.relay.downstream.send(next.answer);
      if (next.close) this.#close(next.close);
    }
    if (this.#draining && this.#due.empty && this.#answering === head && !this.#hasBegun()) this.#close('drain');
  }

  /** A head of which something has come. */
  #hasBegun(): boolean {
    return this.#reading === head && this.#connection.relay.downstream.arrived().length > 0;
  }

  #endUnanswered(): void {
    if (this.#unanswered && this.#connection.relay.upstream.ended) this.#close(this.#unanswered);
  }

  #readResponses(): void {
    const { upstream } = this.#connection.relay;
    while (!this.#closed && !this.#tunnel && this.#answering !== rest) {
      const arrived = upstream.arrived();
      if (arrived.length === 0 || !this.#readResponse(arrived, this.#answering)) break;
      this.#answerDue();
    }
    if (upstream.ended && !this.#closed && !this.#tunnel) this.#mirrorServerEnd();
  }

  /** @returns whether there may be more to read */
  #readResponse(arrived: Uint8Array, answering: Answering): boolean {
    switch (answering.what) {
      case 'head':
        return this.#readResponseHead(arrived);
      case 'chunks':
        return this.#readResponseChunks(arrived, answering.body);
      case 'last-byte':
        this.#connection.relay.upstream.forward(1);
        this.#answering = head;
        return true;
      case 'rest':
        return false;
    }
  }

  #readResponseHead(arrived: Uint8Array): boolean {
    const exchange = this.#due.first;
    if (exchange?.kind !== 'forwarded') {
      // A server that gives up an idle connection may say so. It passes, and no request after it.
      this.#unasked = true;
      this.#passRest();
      return false;
    }
    const scan = scanResponseHead(arrived, exchange.head.method);
    switch (scan.kind) {
      case 'incomplete':
        if (arrived.length >= limits.relayArrivalBytes) this.#breakOff('limit');
        return false;
      case 'malformed':
        this.#breakOff('malformed');
        return false;
      case 'head':
        this.#passResponse(scan.head, exchange, arrived.length);
        return true;
    }
  }

  #passResponse({ length, status, body }: ResponseHead, exchange: ForwardedExchange, arrived: number): void {
    const { upstream } = this.#connection.relay;
    if (status === 101) {
      this.#upgrade(length, exchange);
      return;
    }
    if (status < 200) {
      upstream.forward(length);
      return;
    }
    this.#due.shift();
    recordForwarded(this.#connection, exchange, status);
    // The server declined the Upgrade: the connection goes on as it was.
    if (exchange.head === this.#upgrading) this.#reading = head;
    switch (body.kind) {
      case 'none':
        upstream.forward(length);
        break;
      case 'length':
        this.#passBody(length + body.length, arrived);
        break;
      case 'chunked':
        upstream.forward(length);
        this.#answering = { what: 'chunks', body: new ChunkedBody('ignored') };
        break;
      case 'close':
        this.#passRest();
        break;
    }
  }

  #passBody(count: number, arrived: number): void {
    const complete = arrived >= count;
    this.#connection.relay.upstream.forward(complete ? count : count - 1);
    if (!complete) this.#answering = lastByte;
  }

  #passRest(): void {
    this.#answering = rest;
    this.#connection.relay.upstream.tunnel();
  }

  #upgrade(length: number, exchange: ForwardedExchange): void {
    if (!this.#upgrading || exchange.head !== this.#upgrading) {
      this.#breakOff('malformed');
      return;
    }
    this.#due.shift();
    recordForwarded(this.#connection, exchange, 101);
    this.#tunnel = new Tunnel(this.#connection, this.#upgrading);
    this.#tunnel.begin(length);
    if (this.#draining) this.#tunnel.onStop();
  }

  #readResponseChunks(arrived: Uint8Array, body: ChunkedBody): boolean {
    const step = body.step(arrived);
    if (step.kind === 'incomplete') return false;
    if (step.kind === 'malformed') {
      this.#breakOff('malformed');
      return false;
    }
    this.#connection.relay.upstream.forward(step.count);
    if (step.last) this.#answering = head;
    return true;
  }

  /** What was read whole has passed; half a head, or what waits behind a refusal, never does. */
  #mirrorClientEnd(): void {
    const { downstream, upstream } = this.#connection.relay;
    if (this.#clientEnded) return;
    const left = downstream.arrived().length;
    if (left > 0 && (this.#reading.what === 'upgrade' || (this.#isCrowded() && this.#reading !== nothing))) return;
    this.#clientEnded = true;
    this.#setTimer(false);
    downstream.skip(left);
    upstream.end();
  }

  /** Requests and bodies go on to a server that only ended its own direction. */
  #mirrorServerEnd(): void {
    if (this.#answering !== rest) this.#passRest();
    this.#endUnanswered();
  }

  #close(cause: CloseCause): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#connection.relay.close('graceful', cause);
  }

  /** Nothing of what is under way can be trusted: both ends see a reset. */
  #breakOff(cause: CloseCause): void {
    this.#closed = true;
    this.#connection.relay.close('reset', cause);
  }
}
