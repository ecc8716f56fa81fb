/** A header block as frames carry it (RFC 9113 sections 4.3, 6.2 and 6.10). */

import { limits } from '../../src/limits.ts';
import { flag, frameHeadBytes, frameType, payloadLength, streamOf } from './frames.ts';

/** What is wrong, for a human; `limit` when it is only too much. */
export interface BlockProblem {
  readonly cause: 'malformed' | 'limit';
  readonly detail: string;
}

const noBytes: Buffer = Buffer.alloc(0);

/** Reads HEADERS and its CONTINUATION frames out of a view; what it says holds until the next `read`. */
export class HeaderBlock {
  stream = 0;
  endStream = false;
  /** The block itself is `bytes[start, end)`. */
  bytes = noBytes;
  start = 0;
  end = 0;
  /** Octets of all its frames. */
  span = 0;

  /** @param view from `at` on: HEADERS with its complete head. @returns `wait` while frames of it have to arrive. */
  read(view: Buffer, at: number): 'whole' | 'wait' | BlockProblem {
    const flags = view[at + 4] ?? 0;
    this.stream = streamOf(view, at);
    this.endStream = (flags & flag.endStream) !== 0;
    const first = at + frameHeadBytes + payloadLength(view, at);
    if (first - at > limits.http2HeldBytes) return tooLarge;
    if (first > view.length) return 'wait';
    const problem = this.#fragment(view, at, flags, first);
    if (problem !== undefined) return problem;
    this.span = first - at;
    return (flags & flag.endHeaders) !== 0 ? 'whole' : this.#continued(view, at);
  }

  /** Where the fragment in HEADERS lies, between its padding and its priority. */
  #fragment(view: Buffer, at: number, flags: number, frameEnd: number): BlockProblem | undefined {
    this.bytes = view;
    this.start = at + frameHeadBytes;
    this.end = frameEnd;
    if ((flags & flag.padded) !== 0) {
      this.end -= this.start < frameEnd ? (view[this.start] ?? 0) : 0;
      this.start += 1;
    }
    if ((flags & flag.priority) !== 0) {
      const dependency = view.length >= this.start + 4 ? view.readUInt32BE(this.start) % 0x80000000 : 0;
      if (dependency === this.stream) return { cause: 'malformed', detail: 'a stream that depends on itself' };
      this.start += 5;
    }
    return this.start > this.end ? { cause: 'malformed', detail: 'HEADERS too short for its flags' } : undefined;
  }

  #continued(view: Buffer, at: number): 'whole' | 'wait' | BlockProblem {
    const fragments = [view.subarray(this.start, this.end)];
    let flags = 0;
    while ((flags & flag.endHeaders) === 0) {
      const next = at + this.span;
      if (fragments.length > limits.http2Continuations)
        return { cause: 'limit', detail: 'too many CONTINUATION frames' };
      if (view.length - next < frameHeadBytes) return 'wait';
      if (view[next + 3] !== frameType.continuation || streamOf(view, next) !== this.stream) {
        return { cause: 'malformed', detail: 'another frame inside a header block' };
      }
      flags = view[next + 4] ?? 0;
      this.span += frameHeadBytes + payloadLength(view, next);
      if (this.span > limits.http2HeldBytes) return tooLarge;
      if (view.length < at + this.span) return 'wait';
      fragments.push(view.subarray(next + frameHeadBytes, at + this.span));
    }
    this.bytes = Buffer.concat(fragments);
    this.start = 0;
    this.end = this.bytes.length;
    return 'whole';
  }
}

const tooLarge: BlockProblem = { cause: 'limit', detail: 'a header block larger than is held' };
