/** The kernel's loop (see table.ts) in TypeScript: what `policy check` and the tests ask, never traffic. */

import { ACTION, CANDIDATES, FIELDS, HEAD_BYTES, type JudgeTable } from './table.ts';

export interface Judgement {
  readonly accepted: boolean;
  /** Bytes of the body that the head declares. */
  readonly contentLength: number;
  /** Index in `HttpRuleSet.http`, then `HttpRuleSet.grpc`. */
  readonly rule: number;
  /** Bytes of the head. */
  readonly length: number;
  readonly method: string;
  readonly target: string;
  readonly host: string;
}

const rejected: Judgement = { accepted: false, contentLength: 0, rule: 0, length: 0, method: '', target: '', host: '' };

/** @param bytes a head and maybe more */
export function judgeHead(table: JudgeTable, bytes: Uint8Array): Judgement {
  const { classes, cells } = table;
  const value = (at: number): number => (cells[at & (cells.length - 1)] ?? 0) >>> 12;
  let state = table.start;
  let [methodEnd, targetEnd, hostStart, hostEnd] = [0, 0, 0, 0];
  let [group, marks, host, contentLength, fields] = [0, 0, 0, 0, 0];
  for (let at = 0; at < bytes.length && at < HEAD_BYTES; at++) {
    const byte = bytes[at] ?? 0;
    const one = classes[byte] ?? 0;
    const cell = cells[(state + one) & (cells.length - 1)] ?? 0;
    if ((cell & 0xff) !== one) return rejected;
    state = cell >>> 12;
    switch ((cell >>> 8) & 15) {
      case ACTION.METHOD_END:
        methodEnd = at;
        break;
      case ACTION.TARGET_END:
        targetEnd = at;
        break;
      case ACTION.GROUP:
        group = state + 1;
        state = value(state);
        break;
      case ACTION.MARK:
        if (marks & value(state + 1)) return rejected;
        marks |= value(state + 1);
        state = value(state);
        break;
      case ACTION.HOST_START:
        hostStart = at;
        break;
      case ACTION.HOST_END:
      case ACTION.HOST:
        if ((cell >>> 8) % 16 === ACTION.HOST_END) hostEnd = at;
        host = value(state + 1) || host;
        state = value(state);
        break;
      case ACTION.DIGIT:
        contentLength = contentLength * 10 + byte - 0x30;
        break;
      case ACTION.LINE_END:
        if (++fields > FIELDS) return rejected;
        break;
      case ACTION.HEAD_END: {
        const rule = chosen(value, group, marks, host);
        if (rule === undefined) return rejected;
        const text = (from: number, to: number): string => Buffer.from(bytes.subarray(from, to)).toString('latin1');
        return {
          accepted: true,
          contentLength,
          rule,
          length: at + 1,
          method: text(0, methodEnd),
          target: text(methodEnd + 1, targetEnd),
          host: text(hostStart, hostEnd),
        };
      }
      default:
        break;
    }
  }
  return rejected;
}

function chosen(value: (at: number) => number, group: number, marks: number, host: number): number | undefined {
  for (let index = 0; index < CANDIDATES && index < value(group); index++) {
    const at = group + 1 + 3 * index;
    const need = value(at);
    const want = value(at + 1);
    if ((marks & need) === need && (want === 0 || want === host)) return value(at + 2);
  }
  return undefined;
}
