/**
 * The notation in which the API files write down Kafka's messages. It follows the field tables of Kafka's own protocol
 * documentation, one field a word:
 *
 *     name:type        i8 i16 i32 i64 bool uuid string bytes (bytes also stands for records)
 *     name:?type       may be null
 *     name:[ … ]       array of structures
 *     name:(key:type)  array of bare values; `key` names the value
 *     name:{ … }       structure
 *     name:i32=-1      what an answer of ours carries in the field, default 0 or empty; −1 also stands for null
 *     … ] =-1          the same for what ends with a bracket
 *     … 4+   … 0-3     the versions that have the field before it; for arrays after the bracket
 *
 * Tagged fields are not written down: readers skip them, answers carry none. A grammar is read when its module loads,
 * so an error in one stops the agent from starting and no traffic can reach it.
 */

export interface FieldSpec {
  readonly name: string;
  readonly type: 'fixed' | 'string' | 'bytes' | 'array' | 'bare' | 'struct';
  /** Of a fixed field, in bytes. */
  readonly size: number;
  readonly nullable: boolean;
  fill: number;
  readonly fields: readonly FieldSpec[];
  from: number;
  to: number;
}

const sizes: Readonly<Record<string, number>> = { i8: 1, bool: 1, i16: 2, i32: 4, i64: 8, uuid: 16 };
const brackets: Readonly<Record<string, { type: 'array' | 'bare' | 'struct'; close: string }>> = {
  '[': { type: 'array', close: ']' },
  '(': { type: 'bare', close: ')' },
  '{': { type: 'struct', close: '}' },
};

export function parseGrammar(text: string): readonly FieldSpec[] {
  const words = text.match(/[[\](){}]|[^\s[\](){}]+/g) ?? [];
  let at = 0;

  function fields(close: string | undefined): FieldSpec[] {
    const list: FieldSpec[] = [];
    for (; at < words.length; at++) {
      const word = words[at] ?? '';
      if (word === close) {
        at++;
        return list;
      }
      const fill = /^=(-?\d+)$/.exec(word)?.[1];
      const versions = /^(\d+)(?:(\+)|-(\d+))?$/.exec(word);
      if (versions === null && fill === undefined) {
        list.push(field(word));
        continue;
      }
      const last = list.at(-1);
      if (last === undefined) throw new Error(`nothing before ${word}`);
      if (versions === null) {
        last.fill = Number(fill);
        continue;
      }
      last.from = Number(versions[1]);
      last.to = versions[2] === '+' ? Number.POSITIVE_INFINITY : Number(versions[3] ?? versions[1]);
    }
    if (close !== undefined) throw new Error(`missing ${close}`);
    return list;
  }

  function field(word: string): FieldSpec {
    const parts = /^(\w+):(\??)(\w*)(?:=(-?\d+))?$/.exec(word);
    if (parts === null) throw new Error(`not a field: ${word}`);
    const [, name = '', mark, type = '', fill] = parts;
    const common = { name, nullable: mark === '?', fill: Number(fill ?? 0), from: 0, to: Number.POSITIVE_INFINITY };
    if (type === '') {
      const bracket = brackets[words[at + 1] ?? ''];
      if (bracket === undefined) throw new Error(`missing bracket after ${word}`);
      at += 2;
      const inner = fields(bracket.close);
      at--;
      return { ...common, type: bracket.type, size: 0, fields: inner };
    }
    const size = sizes[type];
    if (size !== undefined) return { ...common, type: 'fixed', size, fields: [] };
    if (type !== 'string' && type !== 'bytes') throw new Error(`unknown type: ${word}`);
    return { ...common, type, size: 0, fields: [] };
  }

  return fields(undefined);
}
