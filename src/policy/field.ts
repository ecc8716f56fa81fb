/**
 * A value of a YAML file together with where it stands and what it is called, so that every check can report its place.
 *
 * Every accessor reports what is wrong and returns `undefined`; nothing throws, so one reading finds all errors of a file.
 */

import { type Document, isAlias, isMap, isNode, isScalar, isSeq, type LineCounter, type Node, visit } from 'yaml';
import { limits } from '../limits.ts';
import type { PolicyDiagnostic } from './diagnostic.ts';
import type { Position } from './policy.ts';

/** One YAML document that is being read. */
export class FieldSource {
  readonly file: string;
  /** By path; what `Policy.positions` becomes. */
  readonly positions = new Map<string, Position>();
  readonly diagnostics: PolicyDiagnostic[] = [];
  /** Further files that it names: what it means changes with them. */
  readonly files = new Set<string>();
  readonly #lines: LineCounter;
  readonly #targets: ReadonlyMap<Node, Node>;
  readonly #count = { error: 0, hint: 0 };
  #visited = 0;

  constructor(file: string, document: Document, lines: LineCounter) {
    this.file = file;
    this.#lines = lines;
    this.#targets = aliasTargets(document);
  }

  get hasErrors(): boolean {
    return this.#count.error > 0;
  }

  report(severity: PolicyDiagnostic['severity'], position: Position, message: string): void {
    this.#count[severity]++;
    // Nobody reads more, and an alias can repeat one for every use.
    if (this.#count[severity] <= limits.policyDiagnostics) {
      this.diagnostics.push({ file: this.file, ...position, severity, message });
    }
  }

  /** `fallback` is for a key without a value. */
  position(node: unknown, fallback: Position): Position {
    const offset = isNode(node) ? node.range?.[0] : undefined;
    if (offset === undefined) return fallback;
    const { line, col } = this.#lines.linePos(offset);
    return { line, column: col };
  }

  /** The node that an alias stands for. Counts, because aliases let a small file stand for a large one. */
  resolve(node: unknown, position: Position): unknown {
    this.#visited++;
    if (this.#visited > limits.policyFields) {
      if (this.#visited === limits.policyFields + 1) {
        this.report('error', position, `the document has more than ${limits.policyFields} fields; split it`);
      }
      return undefined;
    }
    if (!isAlias(node)) return node;
    const target = this.#targets.get(node);
    if (target === undefined) this.report('error', position, `no anchor &${node.source} stands before this alias`);
    return target;
  }
}

/** An alias stands for the last node before it that has its anchor. */
function aliasTargets(document: Document): Map<Node, Node> {
  const anchors = new Map<string, Node>();
  const targets = new Map<Node, Node>();
  visit(document, {
    Node: (_, node) => {
      if (!isAlias(node)) {
        if (node.anchor !== undefined) anchors.set(node.anchor, node);
        return;
      }
      const target = anchors.get(node.source);
      if (target) targets.set(node, target);
    },
  });
  return targets;
}

export class Field {
  /** Name of the last step, for messages; e.g. `toPorts[0]`. */
  readonly name: string;
  readonly path: string;
  readonly position: Position;
  readonly #source: FieldSource;
  readonly #node: unknown;

  constructor(source: FieldSource, node: unknown, name: string, path: string, fallback: Position) {
    this.#source = source;
    this.name = name;
    this.path = path;
    this.position = source.position(node, fallback);
    this.#node = source.resolve(node, this.position);
    if (path !== '') source.positions.set(placeName(path), this.position);
  }

  get file(): string {
    return this.#source.file;
  }

  /** The document depends on this file, whether it is there or not. */
  dependsOn(file: string): void {
    this.#source.files.add(file);
  }

  error(message: string): undefined {
    this.#source.report('error', this.position, message);
  }

  hint(message: string): undefined {
    this.#source.report('hint', this.position, message);
  }

  isEmptyMapping(): boolean {
    return isMap(this.#node) && this.#node.items.length === 0;
  }

  /** @param unsupported Fields that others know, with the reason and the next step. */
  fields(known: readonly string[], unsupported: Readonly<Record<string, string>> = {}): Map<string, Field> | undefined {
    const all = this.entries();
    if (!all) return undefined;
    for (const [name, { field, key }] of all) {
      if (known.includes(name)) {
        if (field.#isEmpty()) field.error(`${name} has no value; give it one or remove it`);
        else continue;
      } else {
        const why = Object.hasOwn(unsupported, name) ? unsupported[name] : undefined;
        const near = nearest(name, known);
        const next = near === undefined ? `known here: ${known.join(', ')}` : `did you mean ${near}?`;
        const message = why === undefined ? `unknown field ${quote(name)} in ${this.name}; ${next}` : `${name} ${why}`;
        this.#source.report('error', key, message);
      }
      all.delete(name);
    }
    return new Map([...all].map(([name, { field }]) => [name, field]));
  }

  /** All entries, whatever their names. `key` is the place of the name. */
  entries(): Map<string, { readonly field: Field; readonly key: Position }> | undefined {
    if (!isMap(this.#node)) return this.#wrongKind('a mapping');
    const entries = new Map<string, { field: Field; key: Position }>();
    for (const { key, value } of this.#node.items) {
      const position = this.#source.position(key, this.position);
      if (!isScalar(key) || typeof key.value !== 'string') {
        this.#source.report('error', position, `a field's name is a string; put this one in quotes`);
        continue;
      }
      const path = this.path === '' ? key.value : `${this.path}.${key.value}`;
      entries.set(key.value, { field: new Field(this.#source, value, key.value, path, position), key: position });
    }
    return entries;
  }

  list(): Field[] | undefined {
    if (!isSeq(this.#node)) return this.#wrongKind('a list');
    return this.#node.items.map((item, i) => {
      const step = `[${i}]`;
      return new Field(this.#source, item, this.name + step, this.path + step, this.position);
    });
  }

  /** A list that may not be empty, because an empty one would not mean what it looks like. */
  filledList(meaning: string): Field[] | undefined {
    const items = this.list();
    return items?.length === 0 ? this.error(`${this.name} is an empty list: ${meaning}`) : items;
  }

  string(): string | undefined {
    const value = isScalar(this.#node) ? this.#node.value : undefined;
    if (typeof value !== 'string') {
      const quoted = typeof value === 'number' || typeof value === 'boolean';
      return quoted ? this.error(`${this.name} is a string; put it in quotes`) : this.#wrongKind('a string');
    }
    return value === '' ? this.error(`${this.name} is empty; give it a value or remove it`) : value;
  }

  /** A string that may be empty, as label values may. */
  text(): string | undefined {
    return isScalar(this.#node) && this.#node.value === '' ? '' : this.string();
  }

  /** Of a number, or of a string that is one. */
  number(first: number, last: number): number | undefined {
    const value = isScalar(this.#node) ? this.#node.value : undefined;
    const number = typeof value === 'string' && /^(0|[1-9][0-9]{0,9})$/.test(value) ? Number(value) : value;
    if (typeof number === 'number' && Number.isInteger(number) && number >= first && number <= last) return number;
    return this.error(`${this.name} is a number from ${first} to ${last}`);
  }

  boolean(): boolean | undefined {
    const value = isScalar(this.#node) ? this.#node.value : undefined;
    return typeof value === 'boolean' ? value : this.#wrongKind('true or false');
  }

  choice<const Choice extends string>(choices: readonly Choice[]): Choice | undefined {
    const value = this.string();
    if (value === undefined) return undefined;
    const chosen = choices.find((choice) => choice === value);
    return chosen ?? this.error(`${this.name} cannot be ${quote(value)}; it is one of ${choices.join(', ')}`);
  }

  /** For a string: what it holds, when that is readable as a number (a port's name is not). */
  isNumeric(): boolean {
    const value = isScalar(this.#node) ? this.#node.value : undefined;
    return typeof value === 'number' || (typeof value === 'string' && /^[0-9]+$/.test(value));
  }

  #isEmpty(): boolean {
    return this.#node === null || (isScalar(this.#node) && this.#node.value === null);
  }

  #wrongKind(kind: string): undefined {
    // A node that could not be resolved was reported as such.
    if (this.#node !== undefined) this.error(`${this.name} is ${kind}`);
  }
}

/** A path as `RuleRef.rule` has it: inside `spec`, which is nearly always there, it is written without it. */
export function placeName(path: string): string {
  return path.startsWith('spec.') ? path.slice('spec.'.length) : path;
}

/** As JSON writes it, so that nothing of a file reaches a terminal as a control character. */
export function quote(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 77)}...` : text);
}

/** The known name that a typing mistake away is the given one. */
function nearest(name: string, known: readonly string[]): string | undefined {
  const lower = name.toLowerCase();
  return known.find((other) => {
    const like = other.toLowerCase();
    if (like === lower) return true;
    return Math.abs(like.length - lower.length) <= 1 && lower.length > 3 && distanceIsOne(like, lower);
  });
}

/** One letter more, less, different or swapped with its neighbour. */
function distanceIsOne(a: string, b: string): boolean {
  let start = 0;
  while (start < a.length && a[start] === b[start]) start++;
  let end = 0;
  while (end < Math.min(a.length, b.length) - start && a.at(-1 - end) === b.at(-1 - end)) end++;
  const left = a.slice(start, a.length - end);
  const right = b.slice(start, b.length - end);
  if (left.length <= 1 && right.length <= 1) return true;
  return left.length === 2 && right.length === 2 && left[0] === right[1] && left[1] === right[0];
}
