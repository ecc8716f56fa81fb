/**
 * The fields of one message in one version, as the skimmer walks them.
 */

import { type FieldSpec, parseGrammar } from './grammar.ts';

export interface Field {
  readonly name: string;
  readonly kind: 'fixed' | 'string' | 'bytes' | 'array' | 'struct';
  /** Of a fixed field, bytes. */
  readonly size: number;
  readonly nullable: boolean;
  readonly fill: number;
  readonly compact: boolean;
  /** Of an array's elements, or of the structure. */
  readonly element: Layout;
}

export interface Layout {
  readonly fields: readonly Field[];
  /** Position in `fields` by name. */
  readonly at: ReadonlyMap<string, number>;
  /** Bytes, when every value has the same size; else −1. */
  readonly size: number;
  /** Bytes of the smallest value. */
  readonly min: number;
  /** Ends with a section of tagged fields (KIP-482). */
  readonly tagged: boolean;
}

/** A message in all its versions. */
export interface Schema {
  /** First version with compact lengths and tagged fields; Infinity when none has. */
  readonly flexible: number;
  layout(version: number): Layout;
}

const nothing: Layout = { fields: [], at: new Map(), size: 0, min: 0, tagged: false };

export function schema(text: string, flexible: number): Schema {
  const specs = parseGrammar(text);
  const layouts: (Layout | undefined)[] = [];
  return {
    flexible,
    layout(version: number): Layout {
      let layout = layouts[version];
      if (layout === undefined) {
        layout = compile(specs, version, version >= flexible, version >= flexible);
        layouts[version] = layout;
      }
      return layout;
    },
  };
}

function compile(specs: readonly FieldSpec[], version: number, compact: boolean, tagged: boolean): Layout {
  const fields: Field[] = [];
  let size = tagged ? -1 : 0;
  let min = tagged ? 1 : 0;
  for (const spec of specs) {
    if (version < spec.from || version > spec.to) continue;
    const { name, nullable, fill } = spec;
    const inner = spec.type === 'array' || spec.type === 'bare' || spec.type === 'struct';
    const element = inner ? compile(spec.fields, version, compact, compact && spec.type !== 'bare') : nothing;
    const kind = spec.type === 'bare' ? 'array' : spec.type;
    fields.push({ name, kind, size: spec.size, nullable, fill, compact, element });
    if (kind !== 'fixed') size = -1;
    else if (size >= 0) size += spec.size;
    min += smallest(kind, spec, compact, element);
  }
  return { fields, at: new Map(fields.map((field, index) => [field.name, index])), size, min, tagged };
}

function smallest(kind: Field['kind'], spec: FieldSpec, compact: boolean, element: Layout): number {
  switch (kind) {
    case 'fixed':
      return spec.size;
    case 'string':
      return compact ? 1 : 2;
    case 'bytes':
    case 'array':
      return compact ? 1 : 4;
    case 'struct':
      return spec.nullable ? 1 : element.min;
  }
}
