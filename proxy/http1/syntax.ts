/** Characters of HTTP/1.1 (RFC 9110 section 5.6.2, RFC 9112 sections 3 and 5), one table look-up each. */

export const TOKEN = 1;
/** Field values: visible ASCII, space, tab, and bytes from 0x80 on, which mean nothing and are passed as they are. */
export const VALUE = 2;
/** Request targets: visible ASCII but `#`, which never travels, and `\`, which is a slash to some servers. */
export const TARGET = 4;
/** Host: names, IPv4, IPv6 in brackets, a port. */
export const HOST = 8;

const classes = new Uint8Array(256);
for (let code = 0; code < 256; code++) {
  const char = String.fromCharCode(code);
  const alphanumeric = /[0-9A-Za-z]/.test(char);
  let bits = 0;
  if (alphanumeric || "!#$%&'*+-.^_`|~".includes(char)) bits |= TOKEN;
  if (code === 0x09 || (code >= 0x20 && code !== 0x7f)) bits |= VALUE;
  if (code > 0x20 && code < 0x7f && char !== '#' && char !== '\\') bits |= TARGET;
  if (alphanumeric || '.-_~:[]'.includes(char)) bits |= HOST;
  classes[code] = bits;
}

/** Whether a byte is of the class; there being none is not. */
export function is(code: number | undefined, bit: number): boolean {
  return code !== undefined && ((classes[code] ?? 0) & bit) !== 0;
}

/** Whether all characters of `text` from `start` to `end` are of the class. */
export function all(text: string, start: number, end: number, bit: number): boolean {
  for (let at = start; at < end; at++) {
    const code = text.charCodeAt(at);
    if (code > 0xff || ((classes[code] ?? 0) & bit) === 0) return false;
  }
  return true;
}

export function isToken(text: string): boolean {
  return text !== '' && all(text, 0, text.length, TOKEN);
}

/** `name[:port]`, or an IPv6 address in brackets. Nothing that two parsers could read as different hosts. */
export function isHost(text: string): boolean {
  if (text === lastHost) return true;
  if (!isNewHost(text)) return false;
  lastHost = text;
  return true;
}

/** Most requests name the host that the one before did. */
let lastHost = 'localhost';

function isNewHost(text: string): boolean {
  if (text === '' || !all(text, 0, text.length, HOST)) return false;
  return /^(?:\[[0-9A-Fa-f:.]+\]|[^:[\]]+)(?::[0-9]{1,5})?$/.test(text);
}

/** Digits only, and few enough to be exact. Undefined for anything else; so is what could be read as octal. */
export function contentLength(text: string): number | undefined {
  return /^(?:0|[1-9][0-9]{0,14})$/.test(text) ? Number(text) : undefined;
}

/**
 * A field's value without the spaces and tabs around it (RFC 9110 section 5.5), and nothing else: `trim` takes 0xa0 for a
 * space, which is a part of the value to servers.
 */
export function fieldValue(text: string, start: number, end: number): string {
  let first = start;
  let last = end;
  while (first < last && isBlank(text.charCodeAt(first))) first++;
  while (last > first && isBlank(text.charCodeAt(last - 1))) last--;
  return text.slice(first, last);
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09;
}
