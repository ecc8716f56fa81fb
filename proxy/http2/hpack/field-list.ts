/** Fields of one header block in their order; one list is used again for every block of a direction. */
export interface FieldList {
  /** Only the first `count` entries of the arrays belong to the block. */
  readonly count: number;
  /** One character an octet (Latin-1). */
  readonly names: readonly string[];
  readonly values: readonly string[];
  /** 1: the sender forbids indexing on every hop (RFC 7541 section 7.1.3). */
  readonly sensitive: readonly number[];
}

/** Value of the first field of that name; undefined when there is none. */
export function firstValue(fields: FieldList, name: string): string | undefined {
  for (let at = 0; at < fields.count; at++) {
    if (fields.names[at] === name) return fields.values[at];
  }
  return undefined;
}
