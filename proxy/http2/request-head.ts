/** A request's header block as the decider sees it, after the checks of RFC 9113 sections 8.2 and 8.3. */

import { isLookalike } from '../decide/field-name.ts';
import type { HttpRequestHead } from '../decide.ts';
import { isHost, isToken } from '../http1/syntax.ts';
import { isFieldName, isFieldValue, isTarget } from './field-syntax.ts';
import type { FieldList } from './hpack/field-list.ts';

/** Fields that frame or route messages in HTTP/1.1 and mean nothing in HTTP/2 (section 8.2.2). */
const connectionFields: ReadonlySet<string> = new Set([
  'connection',
  'proxy-connection',
  'keep-alive',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
  // CGI-style servers read these as the names with a hyphen.
  'content_length',
  'transfer_encoding',
]);

const noFields: FieldList = { count: 0, names: [], values: [], sensitive: [] };

/** One a connection, read again for each request; what it says holds until the next `read`. */
export class RequestHead implements HttpRequestHead {
  method = '';
  target = '';
  host = '';
  contentType = '';
  /** -1: not given. */
  contentLength = -1;
  /** `:protocol` of an extended CONNECT (RFC 8441). */
  protocol = '';
  #fields = noFields;
  #scheme = '';
  #authority: string | undefined;
  #hostField: string | undefined;

  /** @returns what is wrong with the block, for a human; undefined when it is a proper request. */
  read(fields: FieldList): string | undefined {
    this.#reset(fields);
    let pseudo = true;
    for (let at = 0; at < fields.count; at++) {
      const name = fields.names[at] ?? '';
      const value = fields.values[at] ?? '';
      const isPseudo = name.charCodeAt(0) === 0x3a;
      if (isPseudo && !pseudo) return 'a pseudo-header field after a regular one';
      pseudo = isPseudo;
      const problem = isPseudo ? this.#pseudoField(name, value) : this.#regularField(name, value);
      if (problem !== undefined) return problem;
    }
    return this.#whole();
  }

  header(name: string): readonly string[] {
    const found: string[] = [];
    for (let at = 0; at < this.#fields.count; at++) {
      if (this.#fields.names[at] === name) found.push(this.#fields.values[at] ?? '');
    }
    if (name === 'host' && found.length === 0 && this.host !== '') return [this.host];
    // Section 8.2.3: a cookie that came in crumbs is one field.
    return name === 'cookie' && found.length > 1 ? [found.join('; ')] : found;
  }

  hasLookalike(name: string): boolean {
    for (let at = 0; at < this.#fields.count; at++) if (isLookalike(this.#fields.names[at] ?? '', name)) return true;
    return false;
  }

  #reset(fields: FieldList): void {
    this.#fields = fields;
    this.method = '';
    this.target = '';
    this.host = '';
    this.contentType = '';
    this.contentLength = -1;
    this.protocol = '';
    this.#scheme = '';
    this.#authority = undefined;
    this.#hostField = undefined;
  }

  #pseudoField(name: string, value: string): string | undefined {
    if (value === '') return `an empty ${name}`;
    switch (name) {
      case ':method':
        if (this.method !== '') return 'a second :method';
        this.method = value;
        return isToken(value) ? undefined : ':method is not a token';
      case ':path':
        if (this.target !== '') return 'a second :path';
        this.target = value;
        return isTarget(value) ? undefined : ':path has a character that no request target has';
      case ':scheme':
        if (this.#scheme !== '') return 'a second :scheme';
        this.#scheme = value;
        return value === 'http' || value === 'https' ? undefined : ':scheme is neither http nor https';
      case ':authority':
        if (this.#authority !== undefined) return 'a second :authority';
        this.#authority = value;
        return undefined;
      case ':protocol':
        if (this.protocol !== '') return 'a second :protocol';
        this.protocol = value;
        return isToken(value) ? undefined : ':protocol is not a token';
      default:
        return 'an unknown pseudo-header field';
    }
  }

  #regularField(name: string, value: string): string | undefined {
    if (!isFieldName(name)) return 'a field name with a character that none has';
    if (!isFieldValue(value)) return `field ${name} with a character that no value has`;
    if (connectionFields.has(name)) return `connection-specific field ${name}`;
    switch (name) {
      case 'host':
        if (this.#hostField !== undefined) return 'a second host';
        this.#hostField = value;
        return undefined;
      case 'te':
        return value === 'trailers' ? undefined : 'te with another value than trailers';
      case 'content-length':
        return this.#readLength(value);
      case 'content-type':
        if (this.contentType !== '') return 'a second content-type';
        this.contentType = value;
        return undefined;
      default:
        return undefined;
    }
  }

  #readLength(value: string): string | undefined {
    if (this.contentLength >= 0) return 'a second content-length';
    if (value === '' || value.length > 15) return 'content-length is not a number of octets';
    let length = 0;
    for (let at = 0; at < value.length; at++) {
      const digit = value.charCodeAt(at) - 0x30;
      if (digit < 0 || digit > 9) return 'content-length is not a number of octets';
      length = length * 10 + digit;
    }
    this.contentLength = length;
    return undefined;
  }

  #whole(): string | undefined {
    if (this.method === '') return 'no :method';
    const tunnel = this.method === 'CONNECT' && this.protocol === '';
    if (tunnel && (this.target !== '' || this.#scheme !== '')) return 'CONNECT with :path or :scheme';
    if (!tunnel && (this.target === '' || this.#scheme === '')) return 'no :path or no :scheme';
    if (this.protocol !== '' && this.method !== 'CONNECT') return ':protocol without CONNECT';
    const star = this.target === '*' && this.method === 'OPTIONS';
    if (!tunnel && !star && this.target.charCodeAt(0) !== 0x2f) return ':path does not start with a slash';
    return this.#settleHost(tunnel);
  }

  #settleHost(tunnel: boolean): string | undefined {
    if (this.#authority === undefined && this.#hostField === undefined) return 'neither :authority nor host';
    if (tunnel && this.#authority === undefined) return 'CONNECT without :authority';
    this.host = this.#authority ?? this.#hostField ?? '';
    if (this.#hostField !== undefined && this.#hostField !== this.host) return ':authority and host differ';
    if (!isHost(this.host)) return 'an authority that is not host[:port]';
    if (tunnel) this.target = this.host;
    return undefined;
  }
}

/** Fields that would frame, route or authorise the message after it was judged (RFC 9110 section 6.5.1). */
const noTrailers: ReadonlySet<string> = new Set([
  ...connectionFields,
  'host',
  'content-length',
  'content-type',
  'content-encoding',
  'te',
  'trailer',
  'authorization',
  'cookie',
  'expect',
]);

/** What is wrong with the fields after the body, for a human. */
export function trailerProblem(fields: FieldList): string | undefined {
  for (let at = 0; at < fields.count; at++) {
    const name = fields.names[at] ?? '';
    if (!isFieldName(name)) return 'a trailer with a character that no name has, or a pseudo-header field';
    if (!isFieldValue(fields.values[at] ?? '')) return 'a trailer with a character that no value has';
    if (noTrailers.has(name)) return `field ${name} among the trailers`;
  }
  return undefined;
}
