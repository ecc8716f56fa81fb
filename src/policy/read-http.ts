/** One rule of `rules.http`. */

import { RE2JS } from 're2js';
import { limits } from '../limits.ts';
import { type Field, quote } from './field.ts';
import { all } from './read-peers.ts';
import type { RefOf } from './read-ports.ts';
import type { HeaderMatch, HttpRule } from './resolved.ts';
import { readSecretFile } from './secret-file.ts';

const mismatches = ['LOG', 'ADD', 'DELETE', 'REPLACE'] as const;
/** RFC 9110 section 5.6.2 (token), and 5.5 (visible characters, spaces and tabs between them). */
const token = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const fieldValue = /^[\x21-\x7e\x80-\xff]([\t\x20-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?$/;

/** What frames and routes a message was judged as it came; changed, the server would read another request. */
const unchangeable: ReadonlySet<string> = new Set([
  'connection',
  'content-length',
  'expect',
  'host',
  'http2-settings',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

export function readHttpRule(field: Field, refOf: RefOf): HttpRule | undefined {
  const fields = field.fields(['method', 'path', 'host', 'headers', 'headerMatches']);
  if (!fields) return undefined;
  const patterns = (['method', 'path', 'host'] as const).flatMap((name) => {
    const pattern = fields.get(name);
    return pattern ? [[name, readPattern(name, pattern)] as const] : [];
  });
  const headers = all(fields.get('headers')?.list() ?? [], readHeader);
  const headerMatches = all(fields.get('headerMatches')?.list() ?? [], readHeaderMatch);
  if (!headers || !headerMatches || patterns.some(([, pattern]) => pattern === undefined)) return undefined;
  return {
    ref: refOf(field),
    ...Object.fromEntries(patterns),
    ...(headers.length > 0 && { headers }),
    ...(headerMatches.length > 0 && { headerMatches }),
  };
}

function readPattern(name: string, field: Field): string | undefined {
  const pattern = field.string();
  if (pattern === undefined) return undefined;
  if (pattern.length > limits.policyPatternLength) {
    return field.error(
      `the pattern is longer than ${limits.policyPatternLength} characters; split it into several rules`,
    );
  }
  try {
    RE2JS.compile(pattern);
    return pattern;
  } catch (error) {
    const cause = error instanceof Error ? error.message.replace(/^error parsing regexp: /, '') : String(error);
    return field.error(`${name} ${quote(pattern)} is not a regular expression of RE2: ${cause}`);
  }
}

/** `Name` or `Name: value`. Cilium reads anything else as a header name that no request has; here it is an error. */
function readHeader(field: Field): string | undefined {
  const text = field.string();
  if (text === undefined) return undefined;
  const [name = '', ...rest] = text.split(': ');
  const value = rest.join(': ').trim();
  if (token.test(name) && rest.length === 0) return text;
  if (token.test(name) && fieldValue.test(value)) return `${name}: ${value}`;
  return field.error(`${quote(text)} is not a header; write "Name: value" (one exact value) or "Name" (it is there)`);
}

function readHeaderMatch(field: Field): HeaderMatch | undefined {
  const fields = field.fields(['name', 'value', 'secretFile', 'mismatch'], {
    secret: 'is not supported: there are no Kubernetes secrets here; give secretFile the path of a file with the value',
  });
  if (!fields) return undefined;
  const nameField = fields.get('name');
  const valueField = fields.get('value');
  const secretField = fields.get('secretFile');
  const mismatchField = fields.get('mismatch');
  if (!nameField) return field.error(`${field.name} needs name`);
  const name = nameField.string();
  if (name === undefined) return undefined;
  if (!token.test(name)) return nameField.error(`${quote(name)} is not the name of a header`);
  if (valueField && secretField) return secretField.error('value and secretFile exclude each other; keep one');
  const text = secretField ? readSecretFile(secretField) : valueField?.string();
  const given = valueField ?? secretField;
  if (given && text === undefined) return undefined;
  if (given && text !== undefined && !fieldValue.test(text)) {
    return given.error(`the value of ${name} has characters that a header cannot carry`);
  }
  const mismatch = mismatchField?.choice(mismatches);
  if (mismatchField && mismatch === undefined) return undefined;
  if (mismatch !== undefined && mismatch !== 'LOG' && unchangeable.has(name.toLowerCase().replaceAll('_', '-'))) {
    return mismatchField?.error(`${mismatch} cannot change ${name}, by which servers frame or route the request`);
  }
  if (mismatch !== undefined && mismatch !== 'LOG' && text === undefined) {
    return mismatchField?.error(`${mismatch} needs a value to compare with; give value or secretFile`);
  }
  return { name, ...(text !== undefined && { value: text }), ...(mismatch !== undefined && { mismatch }) };
}
