/** A request head with the changes that a rule asks for (`headerMatches` with a mismatch action). */

import type { HeaderEdit } from '../decide.ts';

/** @param text the head as it came, to its empty line */
export function editedHead(text: string, edits: readonly HeaderEdit[]): Uint8Array {
  const [line = '', ...fields] = text.slice(0, -4).split('\r\n');
  const changed = edits.reduce(edit, fields);
  return Buffer.from(`${[line, ...changed].join('\r\n')}\r\n\r\n`, 'latin1');
}

function edit(fields: readonly string[], { match: { name, value = '', mismatch } }: HeaderEdit): readonly string[] {
  switch (mismatch) {
    case 'ADD':
      return [...fields, `${name}: ${value}`];
    case 'DELETE':
      return without(fields, name);
    case 'REPLACE':
      return [...without(fields, name), `${name}: ${value}`];
    default:
      return fields;
  }
}

function without(fields: readonly string[], name: string): readonly string[] {
  const prefix = `${name.toLowerCase()}:`;
  return fields.filter((field) => field.slice(0, prefix.length).toLowerCase() !== prefix);
}
