/** Header blocks of the client: a request is judged when it opens a stream, and re-encoded once the server's table differs. */

import { limits } from '../../src/limits.ts';
import type { HttpDecision, Permit } from '../decide.ts';
import { deniedCall, grpcCall } from '../grpc/call.ts';
import type { DenyReason } from '../record.ts';
import { badRequest, forbidden } from './answers.ts';
import { editFields } from './edits.ts';
import type { FrameFate } from './frame-pump.ts';
import { errorCode, headersFrames } from './frames.ts';
import { HeaderBlock } from './header-block.ts';
import type { HpackDecoder } from './hpack/decoder.ts';
import { emptyTable, encodeFields } from './hpack/encoder.ts';
import type { FieldList } from './hpack/field-list.ts';
import { RequestHead, trailerProblem } from './request-head.ts';
import type { Session } from './session.ts';

type Admitted = Extract<HttpDecision, { readonly permit: Permit }>;

export class Requests {
  readonly #session: Session;
  readonly #block = new HeaderBlock();
  readonly #head = new RequestHead();
  /** What is wrong with the head that was read last, and whether the last block was its. */
  #problem: string | undefined;
  #headIsLast = false;
  /** The first block of ours tells the server's decoder to forget its table. */
  #tableEmptied = false;
  /** What goes to the server in place of the frames last dropped. */
  instead: Buffer | undefined;

  constructor(session: Session, tableEmptied = false) {
    this.#session = session;
    this.#tableEmptied = tableEmptied;
  }

  get tableEmptied(): boolean {
    return this.#tableEmptied;
  }

  /** Octets of the block that was judged last, CONTINUATION frames included. */
  get span(): number {
    return this.#block.span;
  }

  /** `view[at]` is HEADERS. */
  headers(view: Buffer, at: number): FrameFate {
    this.instead = undefined;
    const block = this.#block;
    const read = block.read(view, at);
    if (read === 'wait') return 'wait';
    if (read !== 'whole') {
      const code = read.cause === 'limit' ? errorCode.enhanceYourCalm : errorCode.protocol;
      return this.#session.fail(code, read.cause, read.detail);
    }
    if (block.stream % 2 === 0)
      return this.#session.fail(errorCode.protocol, 'malformed', 'HEADERS on a stream not the client’s');
    const fields = this.#session.requestFields;
    const error = fields.decode(block.bytes, block.start, block.end);
    if (error === 'limit')
      return this.#session.fail(errorCode.enhanceYourCalm, 'limit', 'more header fields than are read');
    if (error !== undefined)
      return this.#session.fail(errorCode.compression, 'malformed', 'a header block that does not decode');
    return this.#session.streams.idle(block.stream) ? this.#request(fields) : this.#trailers(fields);
  }

  #request(fields: HpackDecoder): FrameFate {
    const { streams, draining } = this.#session;
    streams.highest = this.#block.stream;
    if (!fields.repeated || !this.#headIsLast) this.#problem = this.#head.read(fields);
    this.#headIsLast = true;
    const problem = this.#problem ?? this.#lengthProblem();
    if (problem !== undefined) return this.#refuse('malformed', problem);
    if (draining || streams.live.size >= limits.http2Streams) return this.#refuseForNow(draining);
    const unsupported = this.#head.method === 'CONNECT' ? this.#connectProblem() : undefined;
    if (unsupported !== undefined) return this.#refuse('unsupported', unsupported);
    const decision = this.#session.decider.decide(this.#head);
    return decision.verdict === 'DENY' ? this.#refuse(decision.reason, decision.detail) : this.#admit(decision, fields);
  }

  /**
   * A plain CONNECT leads to another host, which no rule is about. An extended one (RFC 8441) opens a WebSocket; rules
   * see it as the wire has it: the method is CONNECT, the target is `:path`, and `:protocol` is a field.
   */
  #connectProblem(): string | undefined {
    if (this.#head.protocol === '') return 'CONNECT to another host';
    if (this.#head.protocol !== 'websocket') return 'CONNECT for a protocol other than websocket';
    return this.#session.serverSettings.connectProtocol ? undefined : 'extended CONNECT that the server did not offer';
  }

  #lengthProblem(): string | undefined {
    return this.#block.endStream && this.#head.contentLength > 0 ? 'content-length without DATA' : undefined;
  }

  #admit(decision: Admitted, fields: FieldList): FrameFate {
    const head = this.#head;
    const grpc = grpcCall(head.contentType, head.method, head.target);
    if (grpc !== undefined) this.#session.records.lasting += 1;
    this.#session.streams.live.set(this.#block.stream, {
      id: this.#block.stream,
      clientOpen: !this.#block.endStream,
      serverOpen: true,
      bodyLeft: head.contentLength,
      time: this.#session.connection.now(),
      decision,
      method: head.method,
      target: head.target,
      host: head.host,
      grpc,
      answered: false,
      status: 0,
      latencyMs: 0,
      recorded: false,
    });
    const edited =
      decision.verdict === 'ALLOW' && decision.edits.length > 0 ? editFields(fields, decision.edits) : fields;
    if (edited !== fields) this.#session.streams.diverged = true;
    return this.#pass(edited);
  }

  /** The block as the client sent it, or the same fields in our own encoding. */
  #pass(fields: FieldList): FrameFate {
    if (!this.#session.streams.diverged) return 'pass';
    const encoded = encodeFields(fields);
    const block = this.#tableEmptied ? encoded : Buffer.concat([emptyTable, encoded]);
    this.#tableEmptied = true;
    this.instead = headersFrames(this.#block.stream, block, this.#block.endStream);
    return 'drop';
  }

  #refuse(reason: DenyReason, detail: string): FrameFate {
    const { answers, records, streams } = this.#session;
    const head = this.#head;
    const { stream, endStream } = this.#block;
    streams.diverged = true;
    if (reason === 'malformed') {
      answers.refuse(stream, badRequest, head.method === 'HEAD', !endStream);
      records.denied(head, reason, detail, 400);
    } else if (grpcCall(head.contentType, head.method, head.target) !== undefined) {
      answers.answer(stream, deniedCall, !endStream);
      records.denied(head, reason, detail, 200);
    } else {
      answers.refuse(stream, forbidden, head.method === 'HEAD', !endStream);
      records.denied(head, reason, detail, 403);
    }
    return 'drop';
  }

  /** The client may try again elsewhere: the server has seen nothing of it (section 8.7). */
  #refuseForNow(draining: boolean): FrameFate {
    const { answers, records, streams } = this.#session;
    streams.diverged = true;
    answers.reset(this.#block.stream, errorCode.refusedStream);
    records.denied(this.#head, 'limit', draining ? 'the agent drains' : 'too many streams at once', 0);
    return 'drop';
  }

  #trailers(fields: FieldList): FrameFate {
    this.#headIsLast = false;
    const { streams } = this.#session;
    const problem = this.#block.endStream ? trailerProblem(fields) : 'a second HEADERS that does not end its stream';
    if (problem !== undefined) return this.#session.fail(errorCode.protocol, 'malformed', problem);
    const stream = streams.live.get(this.#block.stream);
    if (stream === undefined) return streams.diverged ? 'drop' : 'pass';
    if (!stream.clientOpen) return this.#session.fail(errorCode.streamClosed, 'malformed', 'HEADERS after END_STREAM');
    if (stream.bodyLeft > 0)
      return this.#session.fail(errorCode.protocol, 'malformed', 'DATA contradicts content-length');
    this.#session.clientEnds(stream);
    return this.#pass(fields);
  }
}
