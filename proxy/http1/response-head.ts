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

const emptyLine = Buffer.from('\r\n\r\n');
const statusLine = /^HTTP\/1\.[01] ([1-9][0-9]{2})(?: |$)/;

/** @param method of the request that it answers: a response to HEAD has no body whatever its fields say */
export function scanResponseHead(bytes: Uint8Array, method: string): ResponseScan {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const end = buffer.indexOf(emptyLine);
  if (end === -1) return scanStart(buffer);
  const text = buffer.toString('latin1', 0, end + 2);
  const lineEnd = text.indexOf('\r\n');
  const status = Number(statusLine.exec(text.slice(0, lineEnd))?.[1]);
  if (Number.isNaN(status)) return { kind: 'malformed', detail: 'the response has no status line of HTTP/1.x' };
  const framing = framingOf(text, lineEnd + 2);
  if (typeof framing === 'string') return { kind: 'malformed', detail: framing };
  const bodyless = method === 'HEAD' || status < 200 || status === 204 || status === 304;
  return {
    kind: 'head',
    head: { length: end + emptyLine.length, status, body: bodyless ? { kind: 'none' } : framing },
  };
}

/** A server that ends its lines otherwise would be waited for in vain. */
function scanStart(buffer: Buffer): ResponseScan {
  const feed = buffer.indexOf(0x0a);
  if (feed === 0 || (feed > 0 && buffer[feed - 1] !== 0x0d)) {
    return { kind: 'malformed', detail: 'the response has a bare line feed' };
  }
  return { kind: 'incomplete' };
}

/** @returns what is wrong with it, as a sentence, or the framing */
function framingOf(text: string, start: number): ResponseBody | string {
  let length: number | undefined;
  let encoding: string | undefined;
  for (let at = start; at < text.length; ) {
    const end = text.indexOf('\r\n', at);
    const colon = text.indexOf(':', at);
    if (colon === -1 || colon > end) return 'a field of the response has no colon';
    const size = colon - at;
    if (size === 14 || size === 17) {
      const name = text.slice(at, colon).toLowerCase();
      const value = fieldValue(text, colon + 1, end);
      if (name === 'content-length') {
        const given = contentLength(value);
        if (given === undefined || (length !== undefined && length !== given))
          return 'its Content-Length is no one number';
        length = given;
      } else if (name === 'transfer-encoding') {
        encoding = encoding === undefined ? value.toLowerCase() : `${encoding},${value.toLowerCase()}`;
      }
    }
    at = end + 2;
  }
  if (encoding !== undefined) {
    if (length !== undefined) return 'it has both Transfer-Encoding and Content-Length';
    return /(?:^|,)[ \t]*chunked$/.test(encoding) ? { kind: 'chunked' } : { kind: 'close' };
  }
  if (length === undefined) return { kind: 'close' };
  return length === 0 ? { kind: 'none' } : { kind: 'length', length };
}
