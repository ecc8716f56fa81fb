/** Flow records of an HTTP/2 connection: one a request; a gRPC call that stays open has one for its opening too. */

import { limits } from '../../src/limits.ts';
import type { Connection } from '../connection.ts';
import { type GrpcCall, grpcCall, permissionDenied } from '../grpc/call.ts';
import type { DenyReason, FlowRecord, L7Facts } from '../record.ts';
import type { RequestHead } from './request-head.ts';
import type { Stream } from './streams.ts';

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

export class Records {
  /** gRPC calls under way that may still come to last; an upper bound until they are looked at. */
  lasting = 0;
  readonly #connection: Connection;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** A request that did not go on. `status`: what the client was answered; 0: its stream was reset. */
  denied(head: RequestHead, reason: DenyReason, detail: string, status: number): void {
    const call = grpcCall(head.contentType, head.method, head.target);
    if (call !== undefined) call.status = permissionDenied;
    const flow: Mutable<FlowRecord> = {
      time: this.#connection.now(),
      connection: this.#connection.facts,
      verdict: 'DENY',
      reason,
      detail,
      l7: factsOf(call, head),
    };
    if (status > 0) flow.status = status;
    this.#connection.recorder.record(flow);
  }

  /** The connection ends for something that belongs to no request. */
  failed(reason: 'malformed' | 'limit', detail: string): void {
    this.#connection.recorder.record({
      time: this.#connection.now(),
      connection: this.#connection.facts,
      verdict: 'DENY',
      reason,
      detail,
    });
  }

  /** The head of the final response: what an HTTP request was waiting for. A gRPC call goes on to its status. */
  answered(stream: Stream, status: number): void {
    stream.answered = true;
    stream.status = status;
    stream.latencyMs = this.#connection.now() - stream.time;
    if (stream.grpc === undefined) this.finish(stream);
  }

  /** Nothing more will be known of it. */
  finish(stream: Stream): void {
    if (stream.recorded) return;
    stream.recorded = true;
    this.#write(stream, stream.grpc?.opened === true ? 'close' : undefined);
  }

  /** Records the opening of a gRPC call that has lasted long enough to be called a stream. */
  openIfLasting(stream: Stream, now: number): void {
    if (stream.grpc === undefined || stream.grpc.opened || stream.recorded) return;
    if (now - stream.time < limits.grpcOpenRecordMs) {
      this.lasting += 1;
      return;
    }
    stream.grpc.opened = true;
    this.#write(stream, 'open');
  }

  #write(stream: Stream, phase: 'open' | 'close' | undefined): void {
    const { decision } = stream;
    const flow: Mutable<FlowRecord> = {
      time: stream.time,
      connection: this.#connection.facts,
      verdict: decision.verdict,
      l7: factsOf(stream.grpc, stream, phase),
    };
    if (decision.verdict === 'ALLOW') flow.rule = decision.rule;
    else flow.reason = decision.reason;
    if (decision.detail !== undefined) flow.detail = decision.detail;
    if (stream.answered) {
      flow.status = stream.status;
      flow.latencyMs = stream.latencyMs;
    }
    this.#connection.recorder.record(flow);
  }
}

function factsOf(
  call: GrpcCall | undefined,
  request: { readonly method: string; readonly target: string; readonly host: string },
  phase?: 'open' | 'close',
): L7Facts {
  if (call === undefined) {
    return { protocol: 'http', version: 'HTTP/2', method: request.method, target: request.target, host: request.host };
  }
  return {
    protocol: 'grpc',
    service: call.service,
    method: call.method,
    ...(call.status === undefined ? {} : { status: call.status }),
    ...(phase === undefined ? {} : { phase }),
  };
}
