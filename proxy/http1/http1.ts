/**
 * HTTP/1.1 on a relay: each request head is held until it is judged, then passes as it came; bodies and responses pass
 * without a look at their content. Denied requests are answered here, in order with the server's answers.
 */

import { limits } from '../../src/limits.ts';
import type { Connection, ProtocolFactory } from '../connection.ts';
import { compileHttpRules, type HttpDecider } from '../decide.ts';
import { badRequest, forbidden, headOf } from '../deny.ts';
import type { CloseCause, Protocol } from '../relay.ts';
import { ChunkedBody } from './chunked.ts';
import { editedHead } from './edit.ts';
import { type Exchange, type ForwardedExchange, recordDenied, recordForwarded } from './exchange.ts';
import { type RequestHead, scanRequestHead } from './request-head.ts';
import { type ResponseHead, scanResponseHead } from './response-head.ts';

export const http1: ProtocolFactory = (connection) => new Http1(connection);

/** What the client's bytes are at the moment. */
type Reading =
  | { readonly what: 'head' }
  | { readonly what: 'chunks'; readonly body: ChunkedBody; readonly fate: 'forward' | 'skip' }
  /** Nothing more is read: an Upgrade waits for its answer, or the connection is to end. */
  | { readonly what: 'nothing' };

/** What the server's bytes are at the moment. */
type Answering =
  | { readonly what: 'head' }
  | { readonly what: 'chunks'; readonly body: ChunkedBody }
  | { readonly what: 'rest' };

class Http1 implements Protocol {
  readonly #connection: Connection;
  /** Requests whose answers are due, oldest first. */
  readonly #due: Exchange[] = [];
  #reading: Reading = { what: 'head' };
  #answering: Answering = { what: 'head' };
  #decider: HttpDecider | undefined;
  #tunnelling = false;
  #clientEnded = false;
  #draining = false;
  #closed = false;
  #headTimer = false;
  /** Of chunked bodies that are thrown away, bytes. */
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
    if (this.#headTimer && !this.#closed) this.#refuse('the head did not come to its end in time', 'head-timeout');
  }

  onPolicy(): void {
    this.#decider = undefined;
  }

  onStop(): void {
    this.#draining = true;
    if (this.#tunnelling || this.#due.length === 0) this.#close('drain');
  }

  onClosed(): void {
    this.#closed = true;
    for (const exchange of this.#due) if (exchange.kind === 'forwarded') recordForwarded(this.#connection, exchange);
    this.#due.length = 0;
  }

  #readRequests(): void {
    const { downstream } = this.#connection.relay;
    while (!this.#closed && !this.#tunnelling && downstream.pending === 0) {
      if (this.#reading.what === 'nothing' || this.#isCrowded()) break;
      const arrived = downstream.arrived();
      if (arrived.length === 0) break;
      const moved = this.#reading.what === 'head' ? this.#readHead(arrived) : this.#readChunks(arrived, this.#reading);
      if (!moved) break;
    }
    if (!this.#closed && !this.#tunnelling && downstream.ended) this.#mirrorClientEnd();
  }

  #isCrowded(): boolean {
    const { backlog } = this.#connection.relay.downstream;
    return this.#due.length >= limits.httpPipelinedRequests || backlog > limits.relayBacklogHighBytes;
  }

  /** @returns whether there may be more to read */
  #readHead(arrived: Uint8Array): boolean {
    const scan = scanRequestHead(arrived);
    if (scan.kind === 'incomplete') {
      if (!this.#headTimer) this.#connection.relay.timer(limits.httpHeadTimeoutMs);
      this.#headTimer = true;
      return false;
    }
    if (this.#headTimer) this.#connection.relay.timer(undefined);
    this.#headTimer = false;
    if (scan.kind !== 'head') {
      this.#recordRefusal(scan.kind, scan.detail);
      this.#answerLocally(badRequest, true);
      return false;
    }
    this.#judge(scan.head);
    return true;
  }

  #judge(head: RequestHead): void {
    const decision = this.#decide(head);
    if (decision.verdict === 'DENY') {
      recordDenied(this.#connection, head, decision);
      this.#deny(head);
      return;
    }
    const { downstream, upstream } = this.#connection.relay;
    const { method, target, host, version, upgrade } = head;
    const time = this.#connection.now();
    this.#due.push({ kind: 'forwarded', head: { method, target, host, version, upgrade }, decision, time });
    const edits = decision.verdict === 'ALLOW' ? decision.edits : [];
    const inHead = head.body.kind === 'length' ? head.body.length : 0;
    if (edits.length === 0) {
      downstream.forward(head.length + inHead);
    } else {
      downstream.skip(head.length);
      upstream.send(editedHead(head.text, edits));
      if (inHead > 0) downstream.forward(inHead);
    }
    if (upgrade !== undefined) this.#reading = { what: 'nothing' };
    else if (head.body.kind === 'chunked')
      this.#reading = { what: 'chunks', body: new ChunkedBody('refused'), fate: 'forward' };
  }

  #decide(head: RequestHead): ReturnType<HttpDecider['decide']> {
    if (head.upgrade !== undefined && head.upgrade !== 'websocket') {
      return {
        verdict: 'DENY',
        reason: 'unsupported',
        detail: 'an Upgrade to anything but websocket could not be judged',
      };
    }
    const ruleSet = this.#connection.ruleSet();
    if (ruleSet.kind !== 'http')
      return { verdict: 'DENY', reason: 'revoked', detail: 'the port is no longer under HTTP rules' };
    this.#decider ??= compileHttpRules(ruleSet);
    return this.#decider.decide(head);
  }

  /** Keeps the connection when the body is small enough to be thrown away; who waits for a 100 never gets it. */
  #deny(head: RequestHead): void {
    const { downstream } = this.#connection.relay;
    const length = head.body.kind === 'length' ? head.body.length : 0;
    const close = !head.keepAlive || head.expectsContinue || length > limits.httpDrainBytes;
    downstream.skip(head.length);
    const answer = forbidden(close);
    this.#answerLocally(head.method === 'HEAD' ? headOf(answer) : answer, close);
    if (close) return;
    if (length > 0) downstream.skip(length);
    if (head.body.kind === 'chunked') {
      this.#drained = 0;
      this.#reading = { what: 'chunks', body: new ChunkedBody('refused'), fate: 'skip' };
    }
  }

  /** @returns whether there may be more to read */
  #readChunks(arrived: Uint8Array, { body, fate }: Extract<Reading, { what: 'chunks' }>): boolean {
    const { downstream } = this.#connection.relay;
    const step = body.step(arrived);
    if (step.kind === 'incomplete') return false;
    if (step.kind === 'malformed') {
      // The server has the head already and may wait for ever: it must not take the next bytes for anything.
      this.#recordRefusal('malformed', step.detail);
      this.#breakOff('malformed');
      return false;
    }
    if (fate === 'forward') {
      downstream.forward(step.count);
    } else {
      this.#drained += step.count;
      if (this.#drained > limits.httpDrainBytes) {
        this.#close('denied');
        return false;
      }
      downstream.skip(step.count);
    }
    if (step.last) this.#reading = { what: 'head' };
    return true;
  }

  #answerLocally(answer: Uint8Array, close: boolean): void {
    if (close) this.#reading = { what: 'nothing' };
    this.#due.push({ kind: 'local', answer, close });
    this.#answerDue();
  }

  /** Sends those of our own answers whose turn it is. */
  #answerDue(): void {
    while (!this.#closed) {
      const [next] = this.#due;
      if (next?.kind !== 'local' || this.#answering.what !== 'head' || this.#connection.relay.upstream.pending > 0)
        break;
      this.#due.shift();
      this.#connection.relay.downstream.send(next.answer);
      if (next.close) this.#close('denied');
    }
    if (this.#draining && this.#due.length === 0) this.#close('drain');
  }

  #readResponses(): void {
    const { upstream } = this.#connection.relay;
    while (!this.#closed && !this.#tunnelling && this.#answering.what !== 'rest' && upstream.pending === 0) {
      this.#answerDue();
      const arrived = upstream.arrived();
      if (arrived.length === 0 || this.#closed) break;
      const moved =
        this.#answering.what === 'chunks'
          ? this.#readResponseChunks(arrived, this.#answering.body)
          : this.#readResponseHead(arrived);
      if (!moved) break;
    }
    if (!this.#closed && !this.#tunnelling && upstream.ended) this.#mirrorServerEnd();
  }

  /** @returns whether there may be more to read */
  #readResponseHead(arrived: Uint8Array): boolean {
    const { relay } = this.#connection;
    const [exchange] = this.#due;
    if (exchange?.kind !== 'forwarded') {
      // Nobody asked: a server that gives up an idle connection may say so. It passes, and nothing after it.
      relay.upstream.tunnel();
      this.#answering = { what: 'rest' };
      this.#reading = { what: 'nothing' };
      return false;
    }
    const scan = scanResponseHead(arrived, exchange.head.method);
    if (scan.kind === 'incomplete') {
      if (arrived.length >= limits.relayArrivalBytes) this.#breakOff('limit');
      return false;
    }
    if (scan.kind === 'malformed') {
      this.#breakOff('malformed');
      return false;
    }
    this.#passResponse(scan.head, exchange);
    return true;
  }

  #passResponse({ length, status, body }: ResponseHead, exchange: ForwardedExchange): void {
    const { relay } = this.#connection;
    if (status === 101) {
      this.#upgrade(length, exchange);
      return;
    }
    if (status < 200) {
      relay.upstream.forward(length);
      return;
    }
    this.#due.shift();
    recordForwarded(this.#connection, exchange, status);
    // The server declined the Upgrade: the connection goes on as it was.
    if (exchange.head.upgrade !== undefined) this.#reading = { what: 'head' };
    switch (body.kind) {
      case 'none':
        relay.upstream.forward(length);
        break;
      case 'length':
        relay.upstream.forward(length + body.length);
        break;
      case 'chunked':
        relay.upstream.forward(length);
        this.#answering = { what: 'chunks', body: new ChunkedBody('ignored') };
        break;
      case 'close':
        relay.upstream.tunnel();
        this.#answering = { what: 'rest' };
        this.#reading = { what: 'nothing' };
        break;
    }
  }

  #upgrade(length: number, exchange: ForwardedExchange): void {
    const { relay } = this.#connection;
    if (exchange.head.upgrade === undefined) {
      this.#breakOff('malformed');
      return;
    }
    this.#due.shift();
    recordForwarded(this.#connection, exchange, 101);
    this.#tunnelling = true;
    relay.upstream.forward(length);
    relay.upstream.tunnel();
    relay.downstream.tunnel();
  }

  /** @returns whether there may be more to read */
  #readResponseChunks(arrived: Uint8Array, body: ChunkedBody): boolean {
    const step = body.step(arrived);
    if (step.kind === 'incomplete') return false;
    if (step.kind === 'malformed') {
      this.#breakOff('malformed');
      return false;
    }
    this.#connection.relay.upstream.forward(step.count);
    if (step.last) this.#answering = { what: 'head' };
    return true;
  }

  #mirrorClientEnd(): void {
    const { downstream, upstream } = this.#connection.relay;
    if (this.#clientEnded) return;
    const inRequest = this.#reading.what === 'chunks' || downstream.pending > 0;
    if (inRequest || (downstream.arrived().length > 0 && !this.#isCrowded() && this.#reading.what === 'head')) {
      // The rest of the request will never come.
      this.#breakOff('client-closed');
      return;
    }
    if (downstream.arrived().length > 0 && this.#reading.what === 'head') return;
    this.#clientEnded = true;
    upstream.end();
    if (upstream.ended) this.#close('client-closed');
  }

  #mirrorServerEnd(): void {
    const { downstream, upstream } = this.#connection.relay;
    const inResponse = this.#answering.what === 'chunks' || upstream.pending > 0 || upstream.arrived().length > 0;
    if (inResponse) {
      this.#breakOff('server-closed');
      return;
    }
    if (this.#answering.what !== 'rest') downstream.end();
    this.#close(this.#clientEnded ? 'client-closed' : 'server-closed');
  }

  #recordRefusal(reason: 'malformed' | 'limit' | 'unsupported', detail: string): void {
    const { facts, recorder } = this.#connection;
    recorder.record({ time: this.#connection.now(), connection: facts, verdict: 'DENY', reason, detail, status: 400 });
  }

  #refuse(detail: string, cause: CloseCause): void {
    this.#recordRefusal('limit', detail);
    this.#close(cause);
  }

  #close(cause: CloseCause): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#connection.relay.close('graceful', cause);
  }

  /** Half of a message is worse than none: both ends see a reset. */
  #breakOff(cause: CloseCause): void {
    this.#closed = true;
    this.#connection.relay.close('reset', cause);
  }
}
