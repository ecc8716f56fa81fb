/** Characters of header fields (RFC 9110 section 5, RFC 9113 section 8.2.1), one table look-up each. */

const TOKEN = 1;
const LOWER_NAME = 2;
const VALUE = 4;
const TARGET = 8;

const classes = new Uint8Array(256);
for (let code = 0; code < 256; code++) {
  const char = String.fromCharCode(code);
  const digit = code >= 0x30 && code <= 0x39;
  const lower = code >= 0x61 && code <= 0x7a;
  const upper = code >= 0x41 && code <= 0x5a;
  const mark = "!#$%&'*+-.^_`|~".includes(char);
  if (digit || lower || upper || mark) classes[code] = TOKEN;
  if (digit || lower || mark) classes[code] = (classes[code] ?? 0) | LOWER_NAME;
  if (code === 0x09 || (code >= 0x20 && code !== 0x7f)) classes[code] = (classes[code] ?? 0) | VALUE;
  // A fragment never travels, and a backslash is a slash to some servers.
  if (code > 0x20 && code < 0x7f && char !== '#' && char !== '\\') classes[code] = (classes[code] ?? 0) | TARGET;
}

function all(text: string, mask: number): boolean {
  for (let at = 0; at < text.length; at++) {
    if (((classes[text.charCodeAt(at)] ?? 0) & mask) === 0) return false;
  }
  return true;
}

export function isToken(text: string): boolean {
  return text !== '' && all(text, TOKEN);
}

/** Lower case only: an upper-case name makes an HTTP/2 message malformed. */
export function isFieldName(text: string): boolean {
  return text !== '' && all(text, LOWER_NAME);
}

/** No control character but tab inside, no white space at the ends. */
export function isFieldValue(text: string): boolean {
  if (text === '') return true;
  const first = text.charCodeAt(0);
  const last = text.charCodeAt(text.length - 1);
  if (first === 0x20 || first === 0x09 || last === 0x20 || last === 0x09) return false;
  return all(text, VALUE);
}

export function isTarget(text: string): boolean {
  return all(text, TARGET);
}
