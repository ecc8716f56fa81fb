/** Changes that a rule asks for in the header of a request that it allows (`headerMatches` with a mismatch action). */

import { isTaken } from '../decide/header-conditions.ts';
import type { HeaderEdit } from '../decide.ts';
import type { FieldList } from './hpack/field-list.ts';

/** @returns the same list when nothing changes. */
export function editFields(fields: FieldList, edits: readonly HeaderEdit[]): FieldList {
  return edits.reduce(edit, fields);
}

function edit(fields: FieldList, { match }: HeaderEdit): FieldList {
  const name = match.name.toLowerCase();
  switch (match.mismatch) {
    case 'ADD':
      return withField(fields, name, match.value ?? '');
    case 'DELETE':
      return without(fields, name);
    case 'REPLACE':
      return withField(without(fields, name), name, match.value ?? '');
    default:
      return fields;
  }
}

/** The new field may hold a secret of the policy, so no hop may index it. */
function withField(fields: FieldList, name: string, value: string): FieldList {
  const { count } = fields;
  return {
    count: count + 1,
    names: [...fields.names.slice(0, count), name],
    values: [...fields.values.slice(0, count), value],
    sensitive: [...fields.sensitive.slice(0, count), 1],
  };
}

function without(fields: FieldList, name: string): FieldList {
  const kept = fields.names.slice(0, fields.count).flatMap((each, at) => (isTaken(each, name) ? [] : [at]));
  if (kept.length === fields.count) return fields;
  return {
    count: kept.length,
    names: kept.map((at) => fields.names[at] ?? ''),
    values: kept.map((at) => fields.values[at] ?? ''),
    sensitive: kept.map((at) => fields.sensitive[at] ?? 0),
  };
}
