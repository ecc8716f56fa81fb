/** What a vector is, and how they are written. */

export interface Vector {
  readonly name: string;
  /** Sent as they are, one character a byte. */
  readonly bytes: string;
}

export const forbidden = 'GET /forbidden/smuggled HTTP/1.1\r\nHost: origin\r\n\r\n';

export function request(line: string, fields: readonly string[], body = ''): string {
  return `${line}\r\n${fields.map((field) => `${field}\r\n`).join('')}\r\n${body}`;
}

export function post(fields: readonly string[], body: string): string {
  return request('POST /allowed/x HTTP/1.1', ['Host: origin', ...fields], body);
}

export function named(group: string, entries: readonly (readonly [name: string, bytes: string])[]): Vector[] {
  return entries.map(([name, bytes]) => ({ name: `${group}: ${name}`, bytes }));
}

export function shown(text: string): string {
  return JSON.stringify(text);
}
