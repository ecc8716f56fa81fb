/** The head of a response, read along for its framing (RFC 9112 section 6.3). It is never changed. */

import { contentLength, fieldValue } from './syntax.ts';

export type ResponseBody =
  | { readonly kind: 'none' }
  | { readonly kind: 'length'; readonly length: number }
  | { readonly kind: 'chunked' }
  /** Until the server ends the connection. */
  | { readonly kind: 'close' };

export interface ResponseHead {
  readonly length: number;
  readonly status: number;
  readonly body: ResponseBody;
}

export type ResponseScan =
  | { readonly kind: 'head'; readonly head: ResponseHead }
  | { readonly kind: 'incomplete' }
  | { readonly kind: 'malformed'; readonly detail: string };

const CR = 0x0d;
const LF = 0x0a;
const COLON = 0x3a;
const incomplete: ResponseScan = { kind: 'incomplete' };
const version = Buffer.from('HTTP/1.');

/** @param method of the request that it answers: a response to HEAD has no body whatever its fields say */
export function scanResponseHead(bytes: Uint8Array, method: string): ResponseScan {
  let end = lineFeed(bytes, 0);
  if (end === -1) return incomplete;
  const status = statusOf(bytes, end - 1);
  if (status === undefined) return malformed('the response has no status line of HTTP/1.x');
  const framing = new Framing();
  for (;;) {
    const start = end + 1;
    end = lineFeed(bytes, start);
    if (end === -1) return incomplete;
    if (end === start || bytes[end - 1] !== CR) return malformed('the response has a bare line feed');
    if (end === start + 1) break;
    const wrong = framing.line(bytes, start, end - 1);
    if (wrong !== undefined) return malformed(wrong);
  }
  const body = framing.body();
  if (typeof body === 'string') return malformed(body);
  const bodyless = method === 'HEAD' || status < 200 || status === 204 || status === 304;
  return { kind: 'head', head: { length: end + 1, status, body: bodyless ? { kind: 'none' } : body } };
}

function malformed(detail: string): ResponseScan {
  return { kind: 'malformed', detail };
}

/** For lines of some 30 bytes this is faster than a call of `indexOf`. */
function lineFeed(bytes: Uint8Array, start: number): number {
  for (let at = start; at < bytes.length; at++) if (bytes[at] === LF) return at;
  return -1;
}

/** `HTTP/1.x SP 3DIGIT`, then a space or the end of the line; the rest is for humans. */
function statusOf(bytes: Uint8Array, end: number): number | undefined {
  if (end < 12 || bytes[end] !== CR) return undefined;
  for (let at = 0; at < version.length; at++) if (bytes[at] !== version[at]) return undefined;
  const minor = bytes[7];
  if ((minor !== 0x30 && minor !== 0x31) || bytes[8] !== 0x20 || (end > 12 && bytes[12] !== 0x20)) return undefined;
  let status = 0;
  for (let at = 9; at < 12; at++) {
    const digit = (bytes[at] ?? 0) - 0x30;
    if (digit < 0 || digit > 9) return undefined;
    status = status * 10 + digit;
  }
  return status < 100 ? undefined : status;
}

class Framing {
  #length: number | undefined;
  #encoding: string | undefined;

  /** @returns what is wrong with it, as a sentence */
  line(bytes: Uint8Array, start: number, end: number): string | undefined {
    let colon = start;
    while (colon < end && bytes[colon] !== COLON) colon++;
    if (colon === end) return 'a field of the response has no colon';
    const size = colon - start;
    return size === 14 || size === 17 ? this.#named(bytes, start, colon, end) : undefined;
  }

  #named(bytes: Uint8Array, start: number, colon: number, end: number): string | undefined {
    const text = Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('latin1');
    const name = text.slice(0, colon - start).toLowerCase();
    const value = fieldValue(text, name.length + 1, text.length);
    if (name === 'content-length') {
      const given = contentLength(value);
      if (given === undefined || (this.#length !== undefined && this.#length !== given))
        return 'its Content-Length is no one number';
      this.#length = given;
    } else if (name === 'transfer-encoding') {
      this.#encoding = this.#encoding === undefined ? value.toLowerCase() : `${this.#encoding},${value.toLowerCase()}`;
    }
    return undefined;
  }

  /** What they come to, or what is wrong with them. */
  body(): ResponseBody | string {
    if (this.#encoding !== undefined) {
      if (this.#length !== undefined) return 'it has both Transfer-Encoding and Content-Length';
      const last = this.#encoding.slice(this.#encoding.lastIndexOf(',') + 1);
      return fieldValue(last, 0, last.length) === 'chunked' ? { kind: 'chunked' } : { kind: 'close' };
    }
    if (this.#length === undefined) return { kind: 'close' };
    return this.#length === 0 ? { kind: 'none' } : { kind: 'length', length: this.#length };
  }
}
