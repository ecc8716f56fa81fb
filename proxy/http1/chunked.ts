/**
 * Walks over a chunked body (RFC 9112 section 7.1) without looking into it:
 *
 *     *( size [ext] CRLF data CRLF )  "0" [ext] CRLF  *( trailer CRLF )  CRLF
 *
 * It says how many bytes belong to the body so far; whoever asks forwards or skips them.
 */

import { limits } from '../../src/limits.ts';
import { all, HEX, TOKEN, VALUE } from './syntax.ts';

export type Step =
  /** These many bytes of what arrived, and of what follows, are of the body. */
  | { readonly kind: 'take'; readonly count: number; readonly last: boolean }
  | { readonly kind: 'incomplete' }
  | { readonly kind: 'malformed'; readonly detail: string };

type State = 'size' | 'data-end' | 'trailer';

const incomplete: Step = { kind: 'incomplete' };

export class ChunkedBody {
  #state: State = 'size';
  #trailerBytes = 0;
  /** Extensions mean nothing and have been used to smuggle; a client needs none, a server may send them. */
  readonly #extensions: 'refused' | 'ignored';

  constructor(extensions: 'refused' | 'ignored') {
    this.#extensions = extensions;
  }

  /** @param bytes what arrived of the body and was not taken yet; ask again after each `take` */
  step(bytes: Uint8Array): Step {
    switch (this.#state) {
      case 'size':
        return this.#size(bytes);
      case 'data-end':
        return this.#dataEnd(bytes);
      case 'trailer':
        return this.#trailer(bytes);
    }
  }

  #size(bytes: Uint8Array): Step {
    const line = lineOf(bytes, limits.httpChunkLineBytes);
    if (typeof line !== 'string') return line;
    const semicolon = line.indexOf(';');
    const digits = semicolon === -1 ? line : line.slice(0, semicolon);
    if (digits === '' || digits.length > 8 || !all(digits, 0, digits.length, HEX))
      return malformed('a chunk has no plain size');
    if (semicolon !== -1 && (this.#extensions === 'refused' || !all(line, semicolon, line.length, VALUE))) {
      return malformed('a chunk has an extension');
    }
    const size = Number.parseInt(digits, 16);
    this.#state = size === 0 ? 'trailer' : 'data-end';
    return { kind: 'take', count: line.length + 2 + size, last: false };
  }

  #dataEnd(bytes: Uint8Array): Step {
    if (bytes[0] !== 0x0d || (bytes.length > 1 && bytes[1] !== 0x0a))
      return malformed('a chunk is longer than its size');
    if (bytes.length < 2) return incomplete;
    this.#state = 'size';
    return { kind: 'take', count: 2, last: false };
  }

  #trailer(bytes: Uint8Array): Step {
    const line = lineOf(bytes, limits.httpHeadBytes - this.#trailerBytes);
    if (typeof line !== 'string') return line;
    const count = line.length + 2;
    this.#trailerBytes += count;
    if (line === '') return { kind: 'take', count, last: true };
    const colon = line.indexOf(':');
    if (colon <= 0 || !all(line, 0, colon, TOKEN) || !all(line, colon + 1, line.length, VALUE)) {
      return malformed('a trailer is no field');
    }
    // RFC 9110 section 6.5.1: framing and routing must not come after the body that they are about.
    if (/^(?:content[-_]length|transfer[-_]encoding|host)$/i.test(line.slice(0, colon))) {
      return malformed('a trailer that belongs into the head');
    }
    return { kind: 'take', count, last: false };
  }
}

/** @returns the line without its CRLF */
function lineOf(bytes: Uint8Array, most: number): string | Step {
  const feed = bytes.indexOf(0x0a);
  if (feed === -1) return bytes.length > most ? malformed('a line of the body framing is too long') : incomplete;
  if (feed > most) return malformed('a line of the body framing is too long');
  if (feed === 0 || bytes[feed - 1] !== 0x0d) return malformed('a bare line feed');
  return Buffer.from(bytes.buffer, bytes.byteOffset, feed - 1).toString('latin1');
}

function malformed(detail: string): Step {
  return { kind: 'malformed', detail };
}
