/** A YAML file read field by field: everything that is not as expected becomes an error at its place. */

import { isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseAllDocuments } from 'yaml';
import type { PolicyDiagnostic } from '../policy/diagnostic.ts';

export interface Field {
  readonly name: string;
  /** Of the name. */
  readonly key: Node;
  readonly value: Node | null;
}

export class WorkloadDocument {
  readonly errors: PolicyDiagnostic[] = [];
  readonly #file: string;
  readonly #lines = new LineCounter();

  constructor(file: string) {
    this.#file = file;
  }

  /** @returns the file's only document; nothing after an error of syntax. */
  parse(text: string): Node | undefined {
    const documents = parseAllDocuments(text, { lineCounter: this.#lines, prettyErrors: false, schema: 'core' });
    const [document, second] = Array.isArray(documents) ? documents : [];
    for (const one of Array.isArray(documents) ? documents : [documents]) {
      for (const { message, pos } of [...one.errors, ...one.warnings]) this.#report(pos[0], message);
    }
    if (this.errors.length > 0) return undefined;
    if (second) this.#report(second.range[0], 'the file has a second document; put all workloads into one list');
    if (!document?.contents) this.#report(0, 'the file is empty; write `workloads: []` if there are none');
    return this.errors.length > 0 ? undefined : (document?.contents ?? undefined);
  }

  error(node: Node, message: string): undefined {
    this.#report(node.range?.[0] ?? 0, message);
  }

  /** @param what names the thing in messages. */
  fields(node: Node, what: string): Field[] {
    if (!isMap(node)) {
      this.error(node, `${what} is ${kindOf(node)}; write fields as \`name: value\``);
      return [];
    }
    return node.items.flatMap(({ key, value }) => {
      if (!isScalar(key) || typeof key.value !== 'string') {
        this.error(isNode(key) ? key : node, `a field name of ${what} is not a text; quote it`);
        return [];
      }
      return [{ name: key.value, key, value: isNode(value) ? value : null }];
    });
  }

  items(field: Field): Node[] | undefined {
    const { name, key, value } = field;
    if (!isSeq(value)) {
      return this.error(value ?? key, `${name} is ${kindOf(value)}; write a list, as in \`${name}: […]\``);
    }
    return value.items.filter(isNode);
  }

  text(field: Field): string | undefined {
    const { name, key, value } = field;
    return this.textOf(value ?? key, value, name);
  }

  /** @param place where to report an absent value. */
  textOf(place: Node, value: Node | null, what: string): string | undefined {
    if (isScalar(value) && typeof value.value === 'string') return value.value;
    const advice = isScalar(value) && value.value !== null ? `quote it: "${String(value.source)}"` : 'write a text';
    return this.error(place, `${what} is ${kindOf(value)}, not a text; ${advice}`);
  }

  #report(offset: number, message: string): void {
    const { line, col } = this.#lines.linePos(offset);
    this.errors.push({
      file: this.#file,
      line: Math.max(line, 1),
      column: Math.max(col, 1),
      severity: 'error',
      message,
    });
  }
}

function isNode(value: unknown): value is Node {
  return isMap(value) || isSeq(value) || isScalar(value) || isAlias(value);
}

function kindOf(node: Node | null): string {
  if (node === null) return 'empty';
  if (isMap(node)) return 'a map';
  if (isSeq(node)) return 'a list';
  if (isAlias(node)) return `the alias *${node.source}, and a workloads file has none`;
  if (!isScalar(node) || node.value === null) return 'empty';
  return typeof node.value === 'string' ? 'a text' : `a ${typeof node.value}`;
}
