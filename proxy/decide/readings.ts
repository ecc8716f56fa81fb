/**
 * The paths as which servers may read a request target. They undo percent-encoding once, more often or not at all, take a
 * backslash for a slash, drop parameters of segments, merge slashes, in any combination, and nobody knows which one
 * stands behind. None of the readings is ever forwarded: a request is allowed when the rules allow all of them.
 *
 * One eager reading beside the raw one would not do: `/pub/%2e%2e/admin/%252e%252e/pub/x` lies in `/pub/` raw and decoded
 * in full, and in `/admin/` for all who decode once. So a path with dot segments, which clients resolve before they send
 * (RFC 3986 section 5.2.4, WHATWG URL), has no reading that holds.
 */

import { isUtf8 } from 'node:buffer';

/** Encodings within encodings that are undone. */
const mostDecodings = 3;

/** Everything in which a reading can differ from the raw path. */
const suspicious = /[%\\;]|\/\/|\/\.\.?(?:\/|$)/;
/** A dot segment in some reading: ended by what some take for a slash, a parameter or the path's end; some trim spaces. */
const dotSegment = /(?:^|[/\\])\.\.? *(?:[/\\;?#]|$)/;

const plain: readonly string[] = [];

/** What one server does and another does not, on a decoded path, in the order in which it is done. */
const habits: readonly ((path: string) => string)[] = [
  (path) => path.replaceAll('\\', '/'),
  withoutFragment,
  withoutParameters,
  mergeSlashes,
];

/**
 * @param target request target with its query, which is the same in all readings
 * @returns the readings other than the raw one, at most some dozens; undefined when none can be relied on
 */
export function otherReadings(target: string): readonly string[] | undefined {
  const query = target.indexOf('?');
  const path = query === -1 ? target : target.slice(0, query);
  if (!suspicious.test(path)) return plain;
  const decodings = decode(path);
  if (decodings === undefined) return undefined;
  const last = decodings[decodings.length - 1] ?? path;
  if (hasControl(last) || dotSegment.test(last) || !isUtf8(Buffer.from(last, 'latin1'))) return undefined;
  // Java drops parameters before it decodes: there a parameter may hold an encoded slash.
  const read = new Set([...decodings, ...(decode(withoutParameters(path)) ?? [])]);
  // What a habit has made of a path it leaves alone, so a set that grows under the loop comes to an end.
  for (const habit of habits) for (const one of read) read.add(habit(one));
  const rest = query === -1 ? '' : target.slice(query);
  const targets = new Set([...read].map((one) => encode(one) + rest));
  targets.delete(target);
  return [...targets];
}

/** @returns the path decoded once, twice and so on; undefined when it isn't encoded properly, or deeper than anyone means */
function decode(path: string): readonly string[] | undefined {
  // Raw, the same escapes may be in small letters or needless; decoded and encoded again they are as rules are written.
  let text = path;
  const decodings: string[] = [];
  for (let round = 0; round <= mostDecodings; round++) {
    const decoded = decodeOnce(text, round === 0);
    if (decoded === undefined) return undefined;
    // IIS's own escape, `%u002e`.
    if (/%u/i.test(decoded)) return undefined;
    if (decoded === text && round > 0) return decodings;
    decodings.push(decoded);
    text = decoded;
  }
  return undefined;
}

/**
 * As bytes, one character each.
 * @param strict whether a `%` without two digits is an error; once something was decoded it may be a percent sign
 */
function decodeOnce(text: string, strict: boolean): string | undefined {
  let out = '';
  let at = 0;
  for (let percent = text.indexOf('%'); percent !== -1; percent = text.indexOf('%', percent + 1)) {
    const high = hexDigit(text.charCodeAt(percent + 1));
    const low = hexDigit(text.charCodeAt(percent + 2));
    if (high === undefined || low === undefined) {
      if (strict) return undefined;
      continue;
    }
    out += text.slice(at, percent) + String.fromCharCode(high * 16 + low);
    at = percent + 3;
    percent += 2;
  }
  return out + text.slice(at);
}

function hexDigit(code: number): number | undefined {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const letter = code | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : undefined;
}

function hasControl(text: string): boolean {
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code < 0x20 || code === 0x7f) return true;
  }
  return false;
}

/** `#`, `%`, `?` and the backslash: in a path they would be something else. */
const encodedAlways: ReadonlySet<number> = new Set([0x23, 0x25, 0x3f, 0x5c]);

/**
 * What cannot stand in a path as it is (RFC 3986 section 3.3) is encoded as rules have it, in capitals: a rule for
 * `/a%20b` or `/caf%C3%A9` can match, and a decoded question mark stays a part of the path.
 */
function encode(path: string): string {
  let out = '';
  let from = 0;
  for (let at = 0; at < path.length; at++) {
    const code = path.charCodeAt(at);
    if (code > 0x20 && code < 0x7f && !encodedAlways.has(code)) continue;
    out += `${path.slice(from, at)}%${code.toString(16).toUpperCase().padStart(2, '0')}`;
    from = at + 1;
  }
  return out + path.slice(from);
}

function withoutFragment(path: string): string {
  const hash = path.indexOf('#');
  return hash === -1 ? path : path.slice(0, hash);
}

function withoutParameters(path: string): string {
  if (!path.includes(';')) return path;
  const segments = path.split('/').map((segment) => {
    const semicolon = segment.indexOf(';');
    return semicolon === -1 ? segment : segment.slice(0, semicolon);
  });
  return segments.join('/');
}

function mergeSlashes(path: string): string {
  if (!path.includes('//')) return path;
  let out = '';
  for (let at = 0; at < path.length; at++) {
    if (path.charCodeAt(at) !== 0x2f || path.charCodeAt(at + 1) !== 0x2f) out += path.charAt(at);
  }
  return out;
}
