/** A request head with the changes that a rule asks for (`headerMatches` with a mismatch action). */

import { isTaken } from '../decide/header-conditions.ts';
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
  const taken = name.toLowerCase();
  return fields.filter((field) => !isTaken(field.slice(0, field.indexOf(':')).toLowerCase(), taken));
}

/** As if the client had not asked for another protocol: without Upgrade, what belongs to it, and the options that name them. */
export function withoutUpgrade(text: string): string {
  const [line = '', ...fields] = text.slice(0, -4).split('\r\n');
  const kept = without(without(fields, 'upgrade'), 'http2-settings').flatMap(withoutUpgradeOptions);
  return `${[line, ...kept].join('\r\n')}\r\n\r\n`;
}

function withoutUpgradeOptions(field: string): readonly string[] {
  if (field.slice(0, 11).toLowerCase() !== 'connection:') return [field];
  const options = field
    .slice(11)
    .split(',')
    .map((option) => option.trim());
  const kept = options.filter((option) => !/^(?:|upgrade|http2-settings)$/i.test(option));
  return kept.length === 0 ? [] : [`${field.slice(0, 11)} ${kept.join(', ')}`];
}
