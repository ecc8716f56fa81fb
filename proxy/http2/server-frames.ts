/** The server's frames: they pass as they are, and are read along for records, flow control and the HPACK tables. */

import { limits } from '../../src/limits.ts';
import { grpcStatus } from '../grpc/call.ts';
import type { FrameFate, FrameHandler } from './frame-pump.ts';
import { errorCode, flag, frameHeadBytes, frameType, settingsFrame, streamOf, uint31 } from './frames.ts';
import { HeaderBlock } from './header-block.ts';
import { firstValue } from './hpack/field-list.ts';
import type { Session } from './session.ts';
import { restrict } from './settings.ts';
import type { Stream } from './streams.ts';

/** Errors that a server reports because of what the client sent ("MadeYouReset", CVE-2025-8671). */
const clientFaults: ReadonlySet<number> = new Set([
  errorCode.protocol,
  errorCode.flowControl,
  errorCode.streamClosed,
  errorCode.frameSize,
]);

export class ServerFrames implements FrameHandler {
  span = 0;
  readonly #session: Session;
  readonly #block = new HeaderBlock();
  #instead: Uint8Array | undefined;

  constructor(session: Session) {
    this.#session = session;
  }

  instead(): Uint8Array | undefined {
    const bytes = this.#instead;
    this.#instead = undefined;
    return bytes;
  }

  beforeNext(): void {
    this.#session.answers.flush();
  }

  frame(view: Buffer, at: number): FrameFate {
    if (this.#session.answers.waiting) return 'insert';
    const type = view[at + 3] ?? 0;
    const length = this.span - frameHeadBytes;
    if (!this.#session.serverSettings.announced && type !== frameType.settings) {
      return this.#broken('the server does not speak HTTP/2');
    }
    if (type === frameType.data) return this.#data(view, at, length);
    if (type > frameType.continuation) return 'pass';
    if (length > limits.http2HeldBytes) {
      return this.#session.fail(errorCode.internal, 'limit', 'a frame of the server too large to be held');
    }
    return view.length - at < this.span ? 'wait' : this.#control(type, view, at, length);
  }

  #control(type: number, view: Buffer, at: number, length: number): FrameFate {
    switch (type) {
      case frameType.headers:
        return this.#headers(view, at);
      case frameType.rstStream:
        return this.#rstStream(view, at, length);
      case frameType.settings:
        return this.#settings(view, at, length);
      case frameType.pushPromise:
        return this.#broken('PUSH_PROMISE of the server after push was switched off');
      case frameType.continuation:
        return this.#broken('CONTINUATION of the server without HEADERS');
      default:
        return 'pass';
    }
  }

  #broken(detail: string): 'stop' {
    return this.#session.fail(errorCode.internal, 'malformed', detail);
  }

  #data(view: Buffer, at: number, length: number): FrameFate {
    const { window, streams } = this.#session;
    if (!window.admits(length)) return 'wait';
    window.passed(length);
    if (((view[at + 4] ?? 0) & flag.endStream) === 0) return 'pass';
    const stream = streams.live.get(streamOf(view, at));
    if (stream !== undefined) this.#session.serverEnds(stream);
    return 'pass';
  }

  /** The whole block is held, so that between two frames of the server always is a place for a frame of our own. */
  #headers(view: Buffer, at: number): FrameFate {
    const block = this.#block;
    const read = block.read(view, at);
    if (read === 'wait') return 'wait';
    if (read !== 'whole') return this.#session.fail(errorCode.internal, read.cause, `${read.detail}, of the server`);
    this.span = block.span;
    const fields = this.#session.responseFields;
    const error = fields.decode(block.bytes, block.start, block.end);
    if (error !== undefined)
      return this.#session.fail(errorCode.internal, error, 'a response head that cannot be read');
    const stream = this.#session.streams.live.get(block.stream);
    if (stream !== undefined) this.#response(stream, block.endStream);
    return 'pass';
  }

  #response(stream: Stream, end: boolean): void {
    const fields = this.#session.responseFields;
    if (!stream.answered) {
      const status = Number(firstValue(fields, ':status'));
      if (status >= 200) this.#session.records.answered(stream, status);
    }
    if (!end) return;
    if (stream.grpc !== undefined) stream.grpc.status = grpcStatus(firstValue(fields, 'grpc-status'));
    this.#session.serverEnds(stream);
  }

  #rstStream(view: Buffer, at: number, length: number): FrameFate {
    if (length !== 4) return this.#broken('an RST_STREAM of the server of a wrong length');
    const code = uint31(view, at + frameHeadBytes);
    if (clientFaults.has(code) && !this.#session.countReset()) {
      return this.#session.fail(errorCode.enhanceYourCalm, 'limit', 'too many streams that the server had to reset');
    }
    this.#session.finish(streamOf(view, at));
    return 'pass';
  }

  #settings(view: Buffer, at: number, length: number): FrameFate {
    if (((view[at + 4] ?? 0) & flag.ack) !== 0) return 'pass';
    if (length % 6 !== 0 || streamOf(view, at) !== 0) return this.#broken('SETTINGS of the server of a wrong form');
    const payload = view.subarray(at + frameHeadBytes, at + this.span);
    const { serverSettings, requestFields } = this.#session;
    if (serverSettings.apply(payload) !== 0) return this.#broken('a setting of the server out of its range');
    requestFields.allowCapacity(serverSettings.headerTableBytes);
    const restricted = restrict(payload);
    if (restricted === undefined) return 'pass';
    this.#instead = settingsFrame(restricted);
    return 'drop';
  }
}
