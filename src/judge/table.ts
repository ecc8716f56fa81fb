/**
 * The judge's table: the contract between the compiler (this directory) and the kernel's loop (bpf/judge.h).
 *
 * One rule set makes one automaton over the bytes of a request head, from the first byte of the method to the last LF
 * of the empty line. It accepts a subset of what `decide()` allows on the strict HTTP/1.1 grammar; whatever it rejects is
 * not denied, but held and judged by the proxy.
 *
 * A state is the offset of its row in `cells`. Rows are laid over each other (row displacement), so a state costs one
 * cell a transition and not one a class; every cell names the class that it belongs to. Two states never share an offset,
 * so the class alone tells whose cell it is. A cell, 32 bits:
 *
 *     bits 0–7    class of the byte that this transition takes; 0 in a cell that is no transition
 *     bits 8–11   action, `ACTION` below; 0: none
 *     bits 12–31  the next state, or with MARK, GROUP, HOST and HOST_END the offset of the action's operands
 *
 * A state's bit 19 (`LOOP`), which no offset needs, says that all visible ASCII bytes and the space lead from it to itself and
 * do nothing: most of the values of fields. The kernel passes such bytes eight at a time; whoever does not care masks it away.
 *
 * Operands have 0 in bits 0–11 and their value in bits 12–31; operand 0 is always the next state.
 * Classes are 1–255, and a byte that can't occur has class 255, which no cell has. So one comparison finds the rare case:
 *
 *     s = table->start;
 *     for (i = 0; i < n; i++) {
 *       c = table->classes[byte[i]];
 *       e = table->cells[(s + c) & (N - 1)];
 *       s = e >> 12;
 *       if (((e ^ c) & 0xfff) == 0) continue;          // a plain transition
 *       if ((e ^ c) & 0xff) return REJECT;             // no transition
 *       switch (e >> 8 & 15) {
 *       case METHOD_END: methodEnd = i; break;         // byte i is the SP after the method
 *       case TARGET_END: targetEnd = i; break;         // byte i is the SP after the target
 *       case GROUP:      group = s + 1; s = cells[s] >> 12; break;     // which rules are left is known; once a head
 *       case MARK:       bits = cells[s + 1] >> 12;
 *                        if (marks & bits) return REJECT;       // a field that may come once came twice
 *                        marks |= bits; s = cells[s] >> 12; break;
 *       case HOST_START: hostStart = i; break;         // byte i is the first one of Host's value
 *       case HOST_END:   hostEnd = i;                  // byte i is the CR after it
 *         // fall through
 *       case HOST:       if (v = cells[s + 1] >> 12) host = v;         // which host it is, is known
 *                        s = cells[s] >> 12; break;
 *       case DIGIT:      length = length * 10 + byte[i] - '0'; break;   // Content-Length; at most 10 digits, so 64 bits
 *       case LINE_END:   if (++fields > FIELDS) return REJECT; break;   // byte i is the LF of a field line
 *       case HEAD_END:   goto end;                     // byte i is the last one of the head; the head is i + 1 bytes
 *       }
 *     }
 *     return REJECT;                                   // the head is not complete
 *   end:
 *     // The other operands of GROUP: count (1 to CANDIDATES); then three a candidate: needed marks, host, rule.
 *     for (j = 0; j < CANDIDATES && j < cells[group] >> 12; j++) {
 *       at = group + 1 + 3 * j;
 *       need = cells[at] >> 12; want = cells[at + 1] >> 12;
 *       if ((marks & need) == need && (want == 0 || want == host)) return ACCEPT(rule = cells[at + 2] >> 12, length);
 *     }
 *     return REJECT;
 *
 * GROUP may come anywhere from the target's first byte to the one after TARGET_END.
 * `methodEnd`, `targetEnd`, `hostStart` and `hostEnd` (all before CR) are there for the flow record: method = [0,
 * methodEnd), target = [methodEnd + 1, targetEnd), host = [hostStart, hostEnd). `marks`, `host`, `length`, `fields` and
 * `group` start at 0. `rule` is the index of the first compiled rule that allows the request, in `HttpRuleSet.http` and
 * then `HttpRuleSet.grpc`.
 * Mask every offset with N - 1, as for `cells[(s + c) & (N - 1)]`: a well-formed table never wraps, and the verifier sees
 * the bound.
 *
 * Value of the inner maps (one a rule set, an ARRAY with one element), little-endian, in one of three sizes N:
 *
 *     struct judge_table { __u32 start; __u32 reserved; __u8 classes[256]; __u32 cells[N]; };
 *
 * The kernel judges no head longer than `HEAD_BYTES`, so that the limits of head and target need no count here.
 */

/** See above; the numbers are the kernel's JUDGE_* in bpf/judge_table.h. */
export const ACTION = {
  METHOD_END: 1,
  TARGET_END: 2,
  MARK: 3,
  HOST_START: 4,
  HOST_END: 5,
  DIGIT: 6,
  LINE_END: 7,
  HEAD_END: 8,
  GROUP: 9,
  HOST: 10,
} as const;

export type Action = 0 | (typeof ACTION)[keyof typeof ACTION];

/** Bit of a state, see above. */
export const LOOP = 1 << 19;

/** Class of a byte that can't occur; no cell has it. */
export const DEAD_CLASS = 255;

/** The three values of N, cells: 32 KiB for a handful of rules, 256 KiB, and 2 MiB for about 10,000 literal paths. */
export const TABLE_CELLS = [1 << 13, 1 << 16, 1 << 19] as const;

/** Bits of a MARK; what is above the first three belongs to header conditions. */
export const MARK_BITS = 20;

/** Head that the kernel judges, bytes: bpf/limits.h's JUDGE_HEAD_BYTES. Longer ones are the proxy's. */
export const HEAD_BYTES = 1536;

/** Field lines of one head that the kernel judges; below `httpHeadFields`. Real requests have 5 to 30. */
export const FIELDS = 100;

/** Candidates of one target: rules that differ by host or headers only. */
export const CANDIDATES = 16;

export interface JudgeTable {
  readonly start: number;
  /** 256 classes, by byte. */
  readonly classes: Uint8Array;
  /** N cells, N one of `TABLE_CELLS`. */
  readonly cells: Uint32Array;
}

/** A table as the kernel takes it. */
export interface EncodedTable {
  /** N. */
  readonly cells: number;
  /** The inner map's value. */
  readonly value: Uint8Array<ArrayBuffer>;
}

const CLASSES_AT = 8;
const CELLS_AT = CLASSES_AT + 256;

/** The value of the inner map, `CELLS_AT + 4 * N` bytes. */
export function encodeTable(table: JudgeTable): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(CELLS_AT + table.cells.length * 4);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, table.start, true);
  bytes.set(table.classes, CLASSES_AT);
  for (const [index, cell] of table.cells.entries()) {
    if (cell !== 0) view.setUint32(CELLS_AT + index * 4, cell, true);
  }
  return bytes;
}
