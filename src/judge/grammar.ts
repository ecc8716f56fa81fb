/**
 * What the judge takes for a plain head, as patterns. Each is narrower than the proxy's scanner (proxy/http1/): whatever
 * lies between is left to the proxy.
 */

import { parsePattern } from './pattern-parser.ts';
import type { Regex } from './regex.ts';

/** Methods in use are in capitals (RFC 9110 section 9.1 and its registry). */
export const METHOD: Regex = parsePattern('[A-Z][A-Z-]*');

/** A successful CONNECT ends HTTP on its connection, whatever its target looks like; PRI begins HTTP/2's preface. */
export const NO_METHOD: Regex = parsePattern('CONNECT|PRI');

// The characters that the scanner allows in a target, and those of a path that has no second reading: without `%`, `;`.
const query = '[!-"$-\\[\\]-~]*';
const segmentStart = '[!"$&-\\-0-:<->@-\\[\\]-~]';
const segmentRest = '[!"$&-.0-:<->@-\\[\\]-~]';
/** Neither empty nor `.` nor `..`. */
const segment = `(?:${segmentStart}${segmentRest}*|\\.${segmentStart}${segmentRest}*|\\.\\.${segmentRest}+)`;

/** Origin form whose path has one reading only (proxy/decide/readings.ts); the query is free. */
export const TARGET: Regex = parsePattern(`/(?:${segment}(?:/${segment})*/?)?(?:\\?${query})?`);

const port = ':[0-9]{1,5}';
export const PORT: Regex = parsePattern(port);
/** A name, an IPv4 address, or an IPv6 address in brackets. */
export const HOST: Regex = parsePattern(`(?:[A-Za-z0-9._~-]+|\\[[0-9A-Fa-f:.]+\\])(?:${port})?`);

export const CONNECTION: Regex = parsePattern('(?i)keep-alive|close');

/** Ten digits: 9 GB. No leading zeros. */
export const CONTENT_LENGTH: Regex = parsePattern('0|[1-9][0-9]{0,9}');

/**
 * Fields whose presence alone makes a request one for the proxy. With a hyphen at the end: all that begin so, which
 * saves the states for the rest of the name; requests to an origin have no other `Transfer-…` and `Proxy-…`.
 */
export const LEFT_TO_PROXY = ['transfer-', 'proxy-', 'upgrade', 'expect', 'te', 'trailer'] as const;

/** @param name in lower case */
export function isLeftToProxy(name: string): boolean {
  return LEFT_TO_PROXY.some((one) => (one.endsWith('-') ? name.startsWith(one) : name === one));
}
