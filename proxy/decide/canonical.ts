/**
 * The path as the most eager server would read it: percent-encoding undone as often as it goes, backslash as slash,
 * parameters of segments dropped, empty and dot segments resolved (RFC 3986 section 5.2.4). It is never forwarded: a
 * request whose raw and canonical path fare differently under the rules is denied as ambiguous.
 */

import { isUtf8 } from 'node:buffer';

/** Encodings within encodings that are undone; what is still encoded then has no honest reading. */
const mostDecodings = 3;

/** Everything in which the canonical form can differ from the raw one. */
const suspicious = /[%\\;]|\/\/|\/\.\.?(?:\/|$)/;

/**
 * @param target request target with its query, which stays as it is
 * @returns the same string when there is nothing to resolve, undefined when it cannot be (a lone `%`, an encoded NUL, bytes that are no UTF-8)
 */
export function canonicalTarget(target: string): string | undefined {
  const query = target.indexOf('?');
  const path = query === -1 ? target : target.slice(0, query);
  if (!suspicious.test(path)) return target;
  const decoded = decodeFully(path);
  if (decoded === undefined) return undefined;
  return encoded(resolveSegments(decoded)) + (query === -1 ? '' : target.slice(query));
}

function decodeFully(path: string): string | undefined {
  let text = path;
  for (let round = 0; round < mostDecodings && text.includes('%'); round++) {
    const decoded = decodeOnce(text);
    if (decoded === undefined) return undefined;
    text = decoded;
  }
  return text.includes('%') || !encodesText(text) ? undefined : text;
}

/** Overlong forms (`%c0%ae` for a dot) are what some decoders take and no encoder makes (RFC 3629 section 3). */
function encodesText(text: string): boolean {
  return isUtf8(Buffer.from(text, 'latin1'));
}

/** As bytes, one character each: what a server does about UTF-8 is its own. */
function decodeOnce(text: string): string | undefined {
  let out = '';
  let at = 0;
  for (let percent = text.indexOf('%'); percent !== -1; percent = text.indexOf('%', at)) {
    const high = hexDigit(text.charCodeAt(percent + 1));
    const low = hexDigit(text.charCodeAt(percent + 2));
    if (high === undefined || low === undefined || high + low === 0) return undefined;
    out += text.slice(at, percent) + String.fromCharCode(high * 16 + low);
    at = percent + 3;
  }
  return out + text.slice(at);
}

/**
 * What cannot stand in a path as it is (RFC 3986 section 3.3) is encoded as before, in capitals, so that a rule for
 * `/a%20b` or `/caf%C3%A9` can match. A question mark among it stays a part of the path.
 */
function encoded(path: string): string {
  let out = '';
  let from = 0;
  for (let at = 0; at < path.length; at++) {
    const code = path.charCodeAt(at);
    if (code > 0x20 && code < 0x7f && code !== 0x23 && code !== 0x3f) continue;
    out += `${path.slice(from, at)}%${code.toString(16).toUpperCase().padStart(2, '0')}`;
    from = at + 1;
  }
  return out + path.slice(from);
}

function hexDigit(code: number): number | undefined {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const letter = code | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : undefined;
}

function resolveSegments(path: string): string {
  const segments: string[] = [];
  const parts = path.replaceAll('\\', '/').split('/');
  for (const [index, part] of parts.entries()) {
    const semicolon = part.indexOf(';');
    const segment = semicolon === -1 ? part : part.slice(0, semicolon);
    const last = index === parts.length - 1;
    if (segment === '..') segments.pop();
    else if (segment !== '' && segment !== '.') segments.push(segment);
    if (last && (segment === '' || segment === '.' || segment === '..')) segments.push('');
  }
  return `/${segments.join('/')}`;
}
