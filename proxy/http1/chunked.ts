/**
 * Walks over a chunked body (RFC 9112 section 7.1) without looking into it:
 *
 *     *( size [ext] CRLF data CRLF )  "0" [ext] CRLF  *( trailer CRLF )  CRLF
 *
 * It says how many bytes belong to the body so far; whoever asks forwards or skips them.
 */

import { limits } from '../../src/limits.ts';
import { all, is, TOKEN, VALUE } from './syntax.ts';

export type Step =
  /** These many bytes of what arrived, and of what follows, are of the body. */
  | { readonly kind: 'take'; readonly count: number; readonly last: boolean }
  | { readonly kind: 'incomplete' }
  | { readonly kind: 'malformed'; readonly detail: string };

type State = 'size' | 'data-end' | 'trailer' | 'end';

const CR = 0x0d;
const LF = 0x0a;
const SEMICOLON = 0x3b;
const mostDigits = 8;
const incomplete: Step = { kind: 'incomplete' };

export class ChunkedBody {
  #state: State = 'size';
  #trailerBytes = 0;
  /** Extensions mean nothing and have been used to smuggle; a client needs none, a server may send them. */
  readonly #extensions: 'refused' | 'ignored';

  constructor(extensions: 'refused' | 'ignored') {
    this.#extensions = extensions;
  }

  /**
   * As many chunks as there are: one byte may be all that a chunk holds.
   * @param bytes what arrived of the body and was not taken yet; ask again after each `take`
   */
  step(bytes: Uint8Array): Step {
    let taken = 0;
    while (taken < bytes.length && this.#state !== 'end') {
      const next = this.#next(bytes, taken);
      if (typeof next === 'string') return taken === 0 ? { kind: 'malformed', detail: next } : take(taken);
      if (next === 0) break;
      taken += next;
    }
    if (taken === 0) return incomplete;
    return { kind: 'take', count: taken, last: this.#state === 'end' };
  }

  /** @returns the length of what stands at `at`, 0 when its end has not come, or what is wrong with it */
  #next(bytes: Uint8Array, at: number): number | string {
    switch (this.#state) {
      case 'size':
        return this.#size(bytes, at);
      case 'data-end':
        return this.#dataEnd(bytes, at);
      default:
        return this.#trailer(bytes, at);
    }
  }

  #size(bytes: Uint8Array, start: number): number | string {
    let size = 0;
    let at = start;
    for (let digit = hexDigit(bytes[at]); digit !== -1; digit = hexDigit(bytes[++at])) {
      if (at - start === mostDigits) return 'a chunk has no plain size';
      size = size * 16 + digit;
    }
    if (at === bytes.length) return 0;
    if (at === start) return 'a chunk has no plain size';
    if (bytes[at] === SEMICOLON) {
      if (this.#extensions === 'refused') return 'a chunk has an extension';
      while (is(bytes[at], VALUE)) at++;
      if (at - start > limits.httpChunkLineBytes) return 'a line of the body framing is too long';
    }
    if (at === bytes.length) return 0;
    if (bytes[at] !== CR) return 'a chunk has no plain size';
    if (at + 1 === bytes.length) return 0;
    if (bytes[at + 1] !== LF) return 'a bare carriage return';
    this.#state = size === 0 ? 'trailer' : 'data-end';
    return at + 2 - start + size;
  }

  #dataEnd(bytes: Uint8Array, at: number): number | string {
    if (bytes[at] !== CR) return 'a chunk is longer than its size';
    if (at + 1 === bytes.length) return 0;
    if (bytes[at + 1] !== LF) return 'a chunk is longer than its size';
    this.#state = 'size';
    return 2;
  }

  #trailer(bytes: Uint8Array, start: number): number | string {
    const most = limits.httpHeadBytes - this.#trailerBytes;
    const feed = bytes.indexOf(LF, start);
    if ((feed === -1 ? bytes.length : feed) - start > most) return 'the trailers are too long';
    if (feed === -1) return 0;
    if (feed === start || bytes[feed - 1] !== CR) return 'a bare line feed';
    const count = feed + 1 - start;
    if (count > 2) {
      const wrong = wrongTrailer(Buffer.from(bytes.buffer, bytes.byteOffset + start, count - 2).toString('latin1'));
      if (wrong !== undefined) return wrong;
    }
    this.#trailerBytes += count;
    if (count === 2) this.#state = 'end';
    return count;
  }
}

function take(count: number): Step {
  return { kind: 'take', count, last: false };
}

function wrongTrailer(line: string): string | undefined {
  const colon = line.indexOf(':');
  if (colon <= 0 || !all(line, 0, colon, TOKEN) || !all(line, colon + 1, line.length, VALUE)) {
    return 'a trailer is no field';
  }
  // RFC 9110 section 6.5.1: framing and routing must not come after the body that they are about.
  return /^(?:content[-_]length|transfer[-_]encoding|host)$/i.test(line.slice(0, colon))
    ? 'a trailer that belongs into the head'
    : undefined;
}

/** -1 for what is none, the end of the bytes included. */
function hexDigit(code: number | undefined): number {
  if (code === undefined) return -1;
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const letter = code | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1;
}
