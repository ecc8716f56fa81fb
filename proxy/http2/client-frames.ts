/** The client's frames: each is checked, requests are judged, and what may not reach the server is taken out. */

import { limits } from '../../src/limits.ts';
import type { FrameFate, FrameHandler } from './frame-pump.ts';
import {
  errorCode,
  flag,
  frameHeadBytes,
  frameType,
  settingsFrame,
  streamOf,
  uint31,
  windowUpdateFrame,
} from './frames.ts';
import type { Requests } from './requests.ts';
import type { Session } from './session.ts';
import { restrict, switchPushOff } from './settings.ts';

export class ClientFrames implements FrameHandler {
  span = 0;
  /** Credit of DATA that went nowhere, to be given back to the client. */
  dropped = 0;
  readonly #session: Session;
  readonly #requests: Requests;
  #instead: Uint8Array | undefined;
  #greeted = false;

  constructor(session: Session, requests: Requests) {
    this.#session = session;
    this.#requests = requests;
    this.#greeted = session.clientSettings.announced;
  }

  instead(): Uint8Array | undefined {
    const bytes = this.#instead;
    this.#instead = undefined;
    return bytes;
  }

  beforeNext(): void {}

  frame(view: Buffer, at: number): FrameFate {
    const type = view[at + 3] ?? 0;
    const length = this.span - frameHeadBytes;
    if (!this.#greeted && type !== frameType.settings) return this.#broken('the first frame is not SETTINGS');
    if (((view[at + 5] ?? 0) & 0x80) !== 0) return this.#broken('the reserved bit of a stream identifier is set');
    // A server of HTTP/1.1 must not see what a client may write freely: it could read requests there that nobody judged.
    const early = type === frameType.settings || type === frameType.windowUpdate;
    if (!this.#session.serverSettings.announced && this.#greeted && !early) return 'wait';
    if (length > this.#session.serverSettings.maxFrame) {
      return this.#session.fail(errorCode.frameSize, 'limit', 'a frame larger than the server accepts');
    }
    if (type === frameType.data) return this.#data(view, at, length);
    if (type > frameType.continuation) return this.#unknown();
    if (length > limits.http2HeldBytes) {
      return this.#session.fail(errorCode.enhanceYourCalm, 'limit', 'a frame too large to be held');
    }
    return view.length - at < this.span ? 'wait' : this.#control(type, view, at, length);
  }

  #control(type: number, view: Buffer, at: number, length: number): FrameFate {
    switch (type) {
      case frameType.headers:
        return this.#headers(view, at);
      case frameType.priority:
        return this.#priority(view, at, length);
      case frameType.rstStream:
        return this.#rstStream(view, at, length);
      case frameType.settings:
        return this.#settings(view, at, length);
      case frameType.ping:
        return this.#ping(view, at, length);
      case frameType.goAway:
        return length >= 8 && streamOf(view, at) === 0 ? 'pass' : this.#broken('a GOAWAY of a wrong form');
      case frameType.windowUpdate:
        return this.#windowUpdate(view, at, length);
      default:
        return this.#broken(
          type === frameType.pushPromise ? 'PUSH_PROMISE of a client' : 'CONTINUATION without HEADERS',
        );
    }
  }

  #broken(detail: string): 'stop' {
    return this.#session.fail(errorCode.protocol, 'malformed', detail);
  }

  #controlFlood(): 'stop' {
    return this.#session.fail(errorCode.enhanceYourCalm, 'limit', 'too many frames that carry nothing');
  }

  /** Section 5.5: extensions that were not agreed on are discarded, hop by hop. */
  #unknown(): FrameFate {
    return this.#session.countControl() ? 'drop' : this.#controlFlood();
  }

  #headers(view: Buffer, at: number): FrameFate {
    if (this.#session.answers.crowded) return 'wait';
    const fate = this.#requests.headers(view, at);
    if (fate === 'pass' || fate === 'drop') {
      this.span = this.#requests.span;
      this.#instead = this.#requests.instead;
    }
    return fate;
  }

  #data(view: Buffer, at: number, length: number): FrameFate {
    const id = streamOf(view, at);
    const flags = view[at + 4] ?? 0;
    if (id === 0 || this.#session.streams.idle(id)) return this.#broken('DATA on an idle stream');
    const padded = (flags & flag.padded) !== 0;
    if (padded && length === 0) return this.#session.fail(errorCode.frameSize, 'malformed', 'padded DATA of no length');
    if (padded && view.length - at <= frameHeadBytes) return 'wait';
    const padding = padded ? 1 + (view[at + frameHeadBytes] ?? 0) : 0;
    if (padding > length) return this.#broken('more padding than DATA');
    if (padding > 1) {
      const fate = this.#padding(view, at, padding - 1);
      if (fate !== 'pass') return fate;
    }
    const end = (flags & flag.endStream) !== 0;
    if (length - padding === 0 && !end && !this.#session.countControl()) return this.#controlFlood();
    const stream = this.#session.streams.live.get(id);
    if (stream === undefined) return this.#dataOfNone(length);
    if (!stream.clientOpen) return this.#session.fail(errorCode.streamClosed, 'malformed', 'DATA after END_STREAM');
    if (stream.bodyLeft >= 0) {
      stream.bodyLeft -= length - padding;
      if (stream.bodyLeft < 0 || (end && stream.bodyLeft > 0)) return this.#broken('DATA contradicts content-length');
    }
    if (end) this.#session.clientEnds(stream);
    return 'pass';
  }

  /**
   * HAProxy 2.6 reads the padding of DATA as frames once it has answered. Zeros are what section 6.1 asks for, and nine of
   * them are a frame that ends the connection; fewer would be the beginning of one that the client completes.
   */
  #padding(view: Buffer, at: number, count: number): FrameFate {
    if (this.span > limits.http2HeldBytes) {
      return this.#session.fail(errorCode.enhanceYourCalm, 'limit', 'padded DATA too large to be held');
    }
    if (view.length - at < this.span) return 'wait';
    const end = at + this.span;
    const zeros = count >= frameHeadBytes && view.subarray(end - count, end).every((octet) => octet === 0);
    return zeros ? 'pass' : this.#broken('padding of DATA that could be read as frames');
  }

  /** DATA of a stream that is over, or that the server never saw: in both cases we give the credit back ourselves. */
  #dataOfNone(length: number): FrameFate {
    if (!this.#session.streams.diverged) return 'pass';
    this.dropped += length;
    return 'drop';
  }

  #priority(view: Buffer, at: number, length: number): FrameFate {
    const id = streamOf(view, at);
    if (length !== 5 || id === 0) return this.#broken('a PRIORITY of a wrong form');
    if (uint31(view, at + frameHeadBytes) === id) return this.#broken('a stream that depends on itself');
    if (!this.#session.countControl()) return this.#controlFlood();
    return this.#session.streams.diverged ? 'drop' : 'pass';
  }

  #rstStream(view: Buffer, at: number, length: number): FrameFate {
    const id = streamOf(view, at);
    const { streams } = this.#session;
    if (length !== 4) return this.#session.fail(errorCode.frameSize, 'malformed', 'an RST_STREAM of a wrong length');
    if (id === 0 || streams.idle(id)) return this.#broken('RST_STREAM on an idle stream');
    if (!this.#session.countReset()) {
      return this.#session.fail(errorCode.enhanceYourCalm, 'limit', 'too many streams reset');
    }
    if (streams.hidden(id)) return 'drop';
    this.#session.finish(id);
    return 'pass';
  }

  #settings(view: Buffer, at: number, length: number): FrameFate {
    const ack = ((view[at + 4] ?? 0) & flag.ack) !== 0;
    if (streamOf(view, at) !== 0) return this.#broken('SETTINGS on a stream');
    if (ack ? length !== 0 : length % 6 !== 0) {
      return this.#session.fail(errorCode.frameSize, 'malformed', 'SETTINGS of a wrong length');
    }
    if (length > limits.http2Settings * 6) {
      return this.#session.fail(errorCode.enhanceYourCalm, 'limit', 'more settings than there are');
    }
    if (!this.#session.countControl()) return this.#controlFlood();
    const first = !this.#greeted;
    if (first && ack) return this.#broken('the first SETTINGS is an acknowledgement');
    this.#greeted = true;
    if (ack) return 'pass';
    const payload = view.subarray(at + frameHeadBytes, at + this.span);
    return this.#newSettings(payload, first);
  }

  #newSettings(payload: Buffer, first: boolean): FrameFate {
    const settings = this.#session.clientSettings;
    const error = settings.apply(payload);
    if (error !== 0) return this.#session.fail(error, 'malformed', 'a setting out of its range');
    const restricted = restrict(payload);
    const pushable = !settings.pushOff;
    settings.pushOff = true;
    if (restricted === undefined && !pushable) return 'pass';
    this.#instead = settingsFrame(first || pushable ? switchPushOff(restricted ?? payload) : (restricted ?? payload));
    return 'drop';
  }

  #ping(view: Buffer, at: number, length: number): FrameFate {
    if (length !== 8) return this.#session.fail(errorCode.frameSize, 'malformed', 'a PING of a wrong length');
    if (streamOf(view, at) !== 0) return this.#broken('PING on a stream');
    // An acknowledgement asks for nothing, and a server may measure its round trips with thousands of PINGs a second.
    const ack = ((view[at + 4] ?? 0) & flag.ack) !== 0;
    return ack || this.#session.countControl() ? 'pass' : this.#controlFlood();
  }

  #windowUpdate(view: Buffer, at: number, length: number): FrameFate {
    const id = streamOf(view, at);
    if (length !== 4) return this.#session.fail(errorCode.frameSize, 'malformed', 'a WINDOW_UPDATE of a wrong length');
    const increment = uint31(view, at + frameHeadBytes);
    if (increment === 0) return this.#broken('a WINDOW_UPDATE of nothing');
    if (id !== 0) {
      if (this.#session.streams.idle(id)) return this.#broken('WINDOW_UPDATE on an idle stream');
      return this.#session.streams.hidden(id) ? 'drop' : 'pass';
    }
    const granted = this.#session.window.credit(increment);
    if (granted < 0) return this.#session.fail(errorCode.flowControl, 'malformed', 'a window above its maximum');
    if (granted === increment) return 'pass';
    if (granted > 0) this.#instead = windowUpdateFrame(0, granted);
    return 'drop';
  }
}
