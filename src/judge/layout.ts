/** Row displacement: the rows of a sparse transition table laid over each other (see table.ts for what comes out). */

import { TooLarge } from './budget.ts';
import { hasOperands, type Step } from './machine.ts';
import type { Minimal } from './minimize.ts';
import { LOOP, TABLE_CELLS } from './table.ts';

/** A row may reach so far beyond its offset. */
const rowSpan = 256;
/** Cells that one search may look at in vain before it gives some up. */
const longestSearch = 1024;
const mostCells = TABLE_CELLS[2];

export interface Layout {
  readonly start: number;
  readonly cells: Uint32Array;
}

/**
 * @param classes of the bytes
 * @throws {TooLarge} when it does not fit the largest table
 */
export function layOut(machine: Minimal, start: number, symbols: readonly Step[], classes: Uint8Array): Layout {
  if (machine.from.length > mostCells) throw new TooLarge('its table would be too large');
  const rows = rowsOf(machine);
  const loops = loopsOf(machine, rows, symbols, new Set(classes.subarray(0x20, 0x7f)));
  const placement = new Placement();
  const offsets = new Uint32Array(machine.states);
  for (const { state, transitions } of rows) {
    offsets[state] = placement.place(transitions.map((index) => symbolOf(machine, symbols, index).class));
  }
  const values = offsets.map((offset, state) => offset | (loops.has(state) ? LOOP : 0));
  const cells = new Uint32Array(mostCells);
  const operands = new Operands(cells, placement.end);
  for (const { state, transitions } of rows) {
    const offset = offsets[state] ?? 0;
    for (const index of transitions) {
      const symbol = symbolOf(machine, symbols, index);
      const next = values[machine.to[index] ?? 0] ?? 0;
      const value = hasOperands(symbol.action) ? operands.put([next, ...symbol.operands]) : next;
      cells[offset + symbol.class] = ((value << 12) | (symbol.action << 8) | symbol.class) >>> 0;
    }
  }
  const size = TABLE_CELLS.find((one) => operands.end + rowSpan <= one);
  if (size === undefined) throw new TooLarge('its table would be too large');
  return { start: values[start] ?? 0, cells: cells.slice(0, size) };
}

function symbolOf(machine: Minimal, symbols: readonly Step[], transition: number): Step {
  const symbol = symbols[machine.symbol[transition] ?? 0];
  if (!symbol) throw new Error('a transition without symbol');
  return symbol;
}

/** States that plain transitions of all `classes` lead from to themselves. */
function loopsOf(
  machine: Minimal,
  rows: readonly Row[],
  symbols: readonly Step[],
  classes: ReadonlySet<number>,
): Set<number> {
  const loops = new Set<number>();
  for (const { state, transitions } of rows) {
    if (transitions.length < classes.size) continue;
    const looping = transitions
      .filter((index) => machine.to[index] === state)
      .map((index) => symbolOf(machine, symbols, index))
      .filter((symbol) => symbol.action === 0 && classes.has(symbol.class));
    if (looping.length === classes.size) loops.add(state);
  }
  return loops;
}

interface Row {
  readonly state: number;
  readonly transitions: number[];
}

/** The full rows first, since the sparse ones find room between them; states without transitions need one too. */
function rowsOf({ states, from }: Minimal): Row[] {
  const rows = Array.from({ length: states }, (_, state): Row => ({ state, transitions: [] }));
  for (const [index, state] of from.entries()) rows[state]?.transitions.push(index);
  return rows.sort((a, b) => b.transitions.length - a.transitions.length || a.state - b.state);
}

class Placement {
  readonly #used = new Uint8Array(mostCells + rowSpan);
  /** Offsets that a state has. */
  readonly #taken = new Uint8Array(mostCells + rowSpan);
  /** No free cell lies before it. Cell 0 stays empty: it is what a missing transition of nothing would be. */
  #firstFree = rowSpan;
  /** Past the last cell in use. */
  end = rowSpan;

  place(classes: readonly number[]): number {
    const least = classes.length === 1 ? (classes[0] ?? 0) : Math.min(...classes, 255);
    const others = classes.length === 1 ? [] : classes.filter((one) => one !== least);
    while (this.#used[this.#firstFree]) this.#firstFree++;
    for (let cell = this.#firstFree; cell < mostCells; cell++) {
      const offset = cell - least;
      if (this.#used[cell] || this.#taken[offset] || others.some((one) => this.#used[offset + one])) continue;
      this.#taken[offset] = 1;
      // Holes that fit nothing are given up, so that the search stays short.
      if (cell - this.#firstFree > longestSearch) this.#firstFree = cell - longestSearch / 2;
      for (const one of classes) {
        this.#used[offset + one] = 1;
        this.end = Math.max(this.end, offset + one + 1);
      }
      return offset;
    }
    throw new TooLarge('its table would be too large');
  }
}

/** Operands behind the rows; equal ones are shared. */
class Operands {
  readonly #cells: Uint32Array;
  readonly #known = new Map<string, number>();
  end: number;

  constructor(cells: Uint32Array, first: number) {
    this.#cells = cells;
    this.end = first;
  }

  put(values: readonly number[]): number {
    const key = values.join();
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    if (this.end + values.length + rowSpan > this.#cells.length) throw new TooLarge('its table would be too large');
    const at = this.end;
    for (const value of values) this.#cells[this.end++] = (value << 12) >>> 0;
    this.#known.set(key, at);
    return at;
  }
}
