/** What HTTP/2 asks of a field beyond HTTP/1.1 (RFC 9113 section 8.2.1). */

import { all, isToken, TARGET, VALUE } from '../http1/syntax.ts';

/** Lower case only: an upper-case name makes a message malformed. */
export function isFieldName(text: string): boolean {
  if (!isToken(text)) return false;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code >= 0x41 && code <= 0x5a) return false;
  }
  return true;
}

/** No control character but tab inside, no white space at the ends. */
export function isFieldValue(text: string): boolean {
  if (text === '') return true;
  const first = text.charCodeAt(0);
  const last = text.charCodeAt(text.length - 1);
  if (first === 0x20 || first === 0x09 || last === 0x20 || last === 0x09) return false;
  return all(text, 0, text.length, VALUE);
}

export function isTarget(text: string): boolean {
  return all(text, 0, text.length, TARGET);
}
