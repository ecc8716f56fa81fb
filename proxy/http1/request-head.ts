/**
 * The strict scanner of a request head (RFC 9112 sections 2 to 6).
 *
 *     method SP target SP HTTP/1.x CRLF  *( name ":" OWS value OWS CRLF )  CRLF
 *
 * It accepts only what two servers cannot read differently. Bytes are forwarded as they came, so anything that it would
 * have to repair is refused instead.
 */

import { limits } from '../../src/limits.ts';
import { isLookalike } from '../decide/field-name.ts';
import type { HttpRequestHead } from '../decide.ts';
import { all, contentLength, fieldValue, isHost, TARGET, TOKEN, VALUE } from './syntax.ts';

export type Body =
  | { readonly kind: 'none' }
  | { readonly kind: 'length'; readonly length: number }
  | { readonly kind: 'chunked' };

export interface RequestHead extends HttpRequestHead {
  /** Bytes from the method to the last line feed. */
  readonly length: number;
  readonly version: 'HTTP/1.0' | 'HTTP/1.1';
  readonly body: Body;
  readonly keepAlive: boolean;
  /** What the client wants to change to, in lower case. */
  readonly upgrade: string | undefined;
  readonly expectsContinue: boolean;
  /** The head as it came, one character a byte. */
  readonly text: string;
}

/** `limit`: more than is taken; `malformed`: never a head, whatever comes. */
export type Scan =
  | { readonly kind: 'head'; readonly head: RequestHead }
  | { readonly kind: 'incomplete' }
  | { readonly kind: 'malformed' | 'limit' | 'unsupported'; readonly detail: string };

const incomplete: Scan = { kind: 'incomplete' };
const emptyLine = Buffer.from('\r\n\r\n');

class Refusal {
  readonly scan: Scan;
  constructor(kind: 'malformed' | 'limit' | 'unsupported', detail: string) {
    this.scan = { kind, detail };
  }
}

/** @param bytes what arrived, from the first byte of the request on */
export function scanRequestHead(bytes: Uint8Array): Scan {
  const buffer = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const end = buffer.indexOf(emptyLine);
  if (end === -1) return scanStart(buffer);
  const length = end + emptyLine.length;
  if (length > limits.httpHeadBytes)
    return { kind: 'limit', detail: `a head of more than ${limits.httpHeadBytes} bytes` };
  return parse(buffer.toString('latin1', 0, length));
}

/** What can be said of a head whose end has not come. */
function scanStart(buffer: Buffer): Scan {
  if (buffer.length > limits.httpHeadBytes) {
    return { kind: 'limit', detail: `a head of more than ${limits.httpHeadBytes} bytes` };
  }
  const line = buffer.indexOf(0x0a);
  if (line === 0 || (line > 0 && buffer[line - 1] !== 0x0d)) return { kind: 'malformed', detail: 'a bare line feed' };
  const start = buffer.toString('latin1', 0, Math.min(buffer.length, 64));
  const space = start.indexOf(' ');
  // Not one character of a method: it would be waited for in vain.
  if (!all(start, 0, space === -1 ? start.length : space, TOKEN) && !start.includes('\r')) {
    return { kind: 'malformed', detail: 'the method is no token' };
  }
  return incomplete;
}

function parse(text: string): Scan {
  const lineEnd = text.indexOf('\r\n');
  const line = requestLine(text, lineEnd);
  if (line instanceof Refusal) return line.scan;
  const fields = new Fields(line.version);
  let at = lineEnd + 2;
  for (let count = 0; at < text.length - 2; count++) {
    if (count === limits.httpHeadFields) return { kind: 'limit', detail: `more than ${limits.httpHeadFields} fields` };
    const end = text.indexOf('\r\n', at);
    const refusal = fields.line(text, at, end);
    if (refusal) return refusal.scan;
    at = end + 2;
  }
  const refusal = fields.end(line.method);
  if (refusal) return refusal.scan;
  return { kind: 'head', head: new ScannedHead(text, line, fields) };
}

interface RequestLine {
  readonly method: string;
  readonly target: string;
  readonly version: 'HTTP/1.0' | 'HTTP/1.1';
}

function requestLine(text: string, end: number): RequestLine | Refusal {
  const methodEnd = text.indexOf(' ');
  const targetEnd = methodEnd === -1 ? -1 : text.indexOf(' ', methodEnd + 1);
  if (methodEnd <= 0 || targetEnd === -1 || targetEnd > end)
    return new Refusal('malformed', 'the request line has not three parts');
  const method = text.slice(0, methodEnd);
  const target = text.slice(methodEnd + 1, targetEnd);
  const version = text.slice(targetEnd + 1, end);
  if (!all(method, 0, method.length, TOKEN)) return new Refusal('malformed', 'the method is no token');
  if (version !== 'HTTP/1.1' && version !== 'HTTP/1.0')
    return new Refusal('malformed', 'the version is neither HTTP/1.1 nor HTTP/1.0');
  if (target.length > limits.httpTargetBytes)
    return new Refusal('limit', `a target of more than ${limits.httpTargetBytes} bytes`);
  if (!all(target, 0, target.length, TARGET))
    return new Refusal('malformed', 'the target has a character that none may have');
  if (!target.startsWith('/') && !(target === '*' && method === 'OPTIONS')) {
    return new Refusal('unsupported', 'the target is not in origin form');
  }
  if (method === 'PRI') return new Refusal('unsupported', 'PRI is no method (RFC 9113 section 11.6)');
  if (method === 'CONNECT') return new Refusal('unsupported', 'what follows a CONNECT could not be judged');
  return { method, target, version };
}

/** What the fields say about framing and host; all others are only checked for their syntax. */
class Fields {
  readonly #version: RequestLine['version'];
  host: string | undefined;
  length: number | undefined;
  chunked = false;
  upgrade: string | undefined;
  connection = '';
  expectsContinue = false;

  constructor(version: RequestLine['version']) {
    this.#version = version;
  }

  line(text: string, start: number, end: number): Refusal | undefined {
    const colon = text.indexOf(':', start);
    if (colon <= start || colon >= end) return new Refusal('malformed', 'a field without name or colon');
    if (!all(text, start, colon, TOKEN)) return new Refusal('malformed', 'the name of a field is no token');
    if (!all(text, colon + 1, end, VALUE))
      return new Refusal('malformed', 'a control character in the value of a field');
    switch (colon - start) {
      case 2: // te
      case 4: // host
      case 6: // expect
      case 7: // upgrade
      case 10: // connection
      case 14: // content-length
      case 17: // transfer-encoding
        return this.#special(text, start, colon, end);
      default:
        return undefined;
    }
  }

  /** What no single field can tell. */
  end(method: string): Refusal | undefined {
    if (this.host === undefined && this.#version === 'HTTP/1.1') return new Refusal('malformed', 'no Host');
    if (this.chunked && this.length !== undefined)
      return new Refusal('malformed', 'both Transfer-Encoding and Content-Length');
    if (this.upgrade !== undefined && (this.chunked || (this.length ?? 0) > 0 || method !== 'GET')) {
      return new Refusal('unsupported', 'an Upgrade of a request that is no plain GET');
    }
    return undefined;
  }

  #special(text: string, start: number, colon: number, end: number): Refusal | undefined {
    const name = text.slice(start, colon).toLowerCase();
    const value = fieldValue(text, colon + 1, end);
    // llhttp refuses it beside a length, others take it for a space.
    if (name !== 'connection' && text.slice(colon, end).includes('\t')) {
      return new Refusal('malformed', `a tab in ${name}`);
    }
    switch (name) {
      case 'host':
        if (this.host !== undefined) return new Refusal('malformed', 'more than one Host');
        if (!isHost(value)) return new Refusal('malformed', 'Host is not a name or address with an optional port');
        this.host = value;
        return undefined;
      case 'content-length':
        if (this.length !== undefined) return new Refusal('malformed', 'more than one Content-Length');
        this.length = contentLength(value);
        return this.length === undefined ? new Refusal('malformed', 'Content-Length is no plain number') : undefined;
      case 'transfer-encoding':
        if (this.chunked || value.toLowerCase() !== 'chunked' || this.#version === 'HTTP/1.0') {
          return new Refusal('malformed', 'Transfer-Encoding is anything but one `chunked` of HTTP/1.1');
        }
        this.chunked = true;
        return undefined;
      case 'upgrade':
        if (this.upgrade !== undefined) return new Refusal('malformed', 'more than one Upgrade');
        this.upgrade = value.toLowerCase();
        return undefined;
      case 'connection':
        this.connection += `,${value.toLowerCase().replaceAll(/[ \t]/g, '')}`;
        return undefined;
      case 'expect':
        if (value.toLowerCase() !== '100-continue')
          return new Refusal('unsupported', 'an Expect other than 100-continue');
        this.expectsContinue = true;
        return undefined;
      case 'content_length':
      case 'transfer_encoding':
        // CGI and WSGI turn both spellings into one variable.
        return new Refusal('malformed', `${name} is read as a framing field by some servers`);
      default:
        return undefined;
    }
  }
}

class ScannedHead implements RequestHead {
  readonly text: string;
  readonly method: string;
  readonly target: string;
  readonly version: RequestLine['version'];
  readonly host: string;
  readonly body: Body;
  readonly keepAlive: boolean;
  readonly upgrade: string | undefined;
  readonly expectsContinue: boolean;

  constructor(text: string, line: RequestLine, fields: Fields) {
    this.text = text;
    this.method = line.method;
    this.target = line.target;
    this.version = line.version;
    this.host = fields.host ?? '';
    this.body = bodyOf(fields);
    const options = `${fields.connection},`;
    this.keepAlive = line.version === 'HTTP/1.1' ? !options.includes(',close,') : options.includes(',keep-alive,');
    // Without its Connection option the field is only a name (RFC 9110 section 7.8).
    this.upgrade = options.includes(',upgrade,') ? fields.upgrade : undefined;
    this.expectsContinue = fields.expectsContinue;
  }

  get length(): number {
    return this.text.length;
  }

  header(name: string): readonly string[] {
    const values: string[] = [];
    for (const { start, colon, end } of this.#lines()) {
      if (colon - start !== name.length || this.text.slice(start, colon).toLowerCase() !== name) continue;
      values.push(fieldValue(this.text, colon + 1, end));
    }
    return values;
  }

  hasLookalike(name: string): boolean {
    return this.#lines().some(
      ({ start, colon }) => colon - start === name.length && isLookalike(this.text.slice(start, colon), name),
    );
  }

  /** Where each field stands. */
  #lines(): { readonly start: number; readonly colon: number; readonly end: number }[] {
    const lines = [];
    for (let start = this.text.indexOf('\r\n') + 2; start < this.text.length - 2; ) {
      const end = this.text.indexOf('\r\n', start);
      lines.push({ start, colon: this.text.indexOf(':', start), end });
      start = end + 2;
    }
    return lines;
  }
}

function bodyOf(fields: Fields): Body {
  if (fields.chunked) return { kind: 'chunked' };
  return fields.length === undefined || fields.length === 0
    ? { kind: 'none' }
    : { kind: 'length', length: fields.length };
}
