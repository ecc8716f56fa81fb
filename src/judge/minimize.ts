/**
 * Hopcroft's minimisation for automata with missing transitions, O(m log n): A. Valmari, "Fast brief practical DFA
 * minimization", Information Processing Letters 112 (2012). States that can't be reached or lead nowhere go first.
 */

export interface Transitions {
  readonly from: Uint32Array;
  readonly symbol: Uint32Array;
  readonly to: Uint32Array;
}

export interface Minimal extends Transitions {
  readonly states: number;
  /** Undefined: nothing is accepted. */
  readonly start: number | undefined;
}

export function minimize(states: number, start: number, final: number, given: Transitions): Minimal {
  const useful = usefulStates(states, start, final, given);
  const kept = keep(given, useful);
  if (!useful[start]) return { ...kept, states: 0, start: undefined };
  const blocks = new Partition(states);
  // The useless ones stay together; no transition left touches them.
  blocks.mark(final);
  blocks.split();
  for (let state = 0; state < states; state++) if (!useful[state]) blocks.mark(state);
  blocks.split();
  refine(blocks, kept, states);
  return quotient(blocks, kept, start);
}

/** A partition of 0 … size-1 whose blocks are split into what was marked and what was not. */
class Partition {
  count: number;
  readonly elements: Uint32Array;
  readonly #place: Uint32Array;
  readonly blockOf: Uint32Array;
  readonly first: Uint32Array;
  readonly past: Uint32Array;
  readonly #marked: Uint32Array;
  readonly #touched: number[] = [];

  constructor(size: number) {
    this.count = size > 0 ? 1 : 0;
    this.elements = Uint32Array.from({ length: size }, (_, index) => index);
    this.#place = this.elements.slice();
    this.blockOf = new Uint32Array(size);
    this.first = new Uint32Array(size + 1);
    this.past = new Uint32Array(size + 1);
    this.#marked = new Uint32Array(size + 1);
    this.past[0] = size;
  }

  /** Starts over with one block for each value of `keys`. */
  groupBy(keys: Uint32Array): void {
    this.elements.sort((a, b) => (keys[a] ?? 0) - (keys[b] ?? 0));
    this.count = 0;
    for (let at = 0; at < this.elements.length; at++) {
      const element = this.elements[at] ?? 0;
      if (at === 0 || keys[element] !== keys[this.elements[at - 1] ?? 0]) {
        this.first[this.count] = at;
        this.count++;
      }
      this.past[this.count - 1] = at + 1;
      this.blockOf[element] = this.count - 1;
      this.#place[element] = at;
    }
  }

  mark(element: number): void {
    const block = this.blockOf[element] ?? 0;
    const at = this.#place[element] ?? 0;
    const marked = this.#marked[block] ?? 0;
    const border = (this.first[block] ?? 0) + marked;
    if (at < border) return;
    const other = this.elements[border] ?? 0;
    this.elements[at] = other;
    this.#place[other] = at;
    this.elements[border] = element;
    this.#place[element] = border;
    if (marked === 0) this.#touched.push(block);
    this.#marked[block] = marked + 1;
  }

  split(): void {
    for (let block = this.#touched.pop(); block !== undefined; block = this.#touched.pop()) {
      const border = (this.first[block] ?? 0) + (this.#marked[block] ?? 0);
      const past = this.past[block] ?? 0;
      const marked = this.#marked[block] ?? 0;
      this.#marked[block] = 0;
      if (border === past) continue;
      const fresh = this.count++;
      // The smaller half becomes the new block.
      if (marked <= past - border) {
        this.first[fresh] = this.first[block] ?? 0;
        this.past[fresh] = border;
        this.first[block] = border;
      } else {
        this.first[fresh] = border;
        this.past[fresh] = past;
        this.past[block] = border;
      }
      for (let at = this.first[fresh] ?? 0; at < (this.past[fresh] ?? 0); at++) {
        this.blockOf[this.elements[at] ?? 0] = fresh;
      }
    }
  }
}

function refine(blocks: Partition, { from, symbol, to }: Transitions, states: number): void {
  const cords = new Partition(symbol.length);
  if (symbol.length > 0) cords.groupBy(symbol);
  const incoming = adjacency(states, to);
  let block = 1;
  for (let cord = 0; cord < cords.count; cord++) {
    for (let at = cords.first[cord] ?? 0; at < (cords.past[cord] ?? 0); at++) {
      blocks.mark(from[cords.elements[at] ?? 0] ?? 0);
    }
    blocks.split();
    for (; block < blocks.count; block++) {
      for (let at = blocks.first[block] ?? 0; at < (blocks.past[block] ?? 0); at++) {
        const state = blocks.elements[at] ?? 0;
        for (let j = incoming.first[state] ?? 0; j < (incoming.first[state + 1] ?? 0); j++) {
          cords.mark(incoming.transitions[j] ?? 0);
        }
      }
      cords.split();
    }
  }
}

/** The transitions of each state, by counting: those of state `s` are `first[s]` to `first[s + 1]`. */
function adjacency(states: number, ends: Uint32Array): { first: Uint32Array; transitions: Uint32Array } {
  const first = new Uint32Array(states + 1);
  for (const state of ends) first[state + 1] = (first[state + 1] ?? 0) + 1;
  for (let state = 0; state < states; state++) first[state + 1] = (first[state + 1] ?? 0) + (first[state] ?? 0);
  const fill = first.slice();
  const transitions = new Uint32Array(ends.length);
  for (const [index, state] of ends.entries()) {
    const at = fill[state] ?? 0;
    transitions[at] = index;
    fill[state] = at + 1;
  }
  return { first, transitions };
}

function usefulStates(states: number, start: number, final: number, { from, to }: Transitions): Uint8Array {
  const forward = reach(states, start, from, to);
  const backward = reach(states, final, to, from);
  return forward.map((reached, state) => reached & (backward[state] ?? 0));
}

function reach(states: number, origin: number, tails: Uint32Array, heads: Uint32Array): Uint8Array {
  const { first, transitions } = adjacency(states, tails);
  const reached = new Uint8Array(states);
  reached[origin] = 1;
  const pending = [origin];
  for (let state = pending.pop(); state !== undefined; state = pending.pop()) {
    for (let j = first[state] ?? 0; j < (first[state + 1] ?? 0); j++) {
      const head = heads[transitions[j] ?? 0] ?? 0;
      if (reached[head]) continue;
      reached[head] = 1;
      pending.push(head);
    }
  }
  return reached;
}

function keep({ from, symbol, to }: Transitions, useful: Uint8Array): Transitions {
  const chosen = (_: number, index: number): boolean => useful[from[index] ?? 0] === 1 && useful[to[index] ?? 0] === 1;
  return { from: from.filter(chosen), symbol: symbol.filter(chosen), to: to.filter(chosen) };
}

/** One state a block, with the transitions of its first member. */
function quotient(blocks: Partition, { from, symbol, to }: Transitions, start: number): Minimal {
  const isFirst = (_: number, index: number): boolean => {
    const state = from[index] ?? 0;
    return blocks.elements[blocks.first[blocks.blockOf[state] ?? 0] ?? 0] === state;
  };
  const block = (state: number): number => blocks.blockOf[state] ?? 0;
  return {
    states: blocks.count,
    start: block(start),
    from: from.filter(isFirst).map(block),
    symbol: symbol.filter(isFirst),
    to: to.filter(isFirst).map(block),
  };
}
