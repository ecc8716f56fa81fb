/**
 * Subset construction over labelled expressions. Literals and prefixes in any number make a tree, in time linear in their
 * length; what makes more runs into the budget.
 *
 * Told to, it gives a label away as soon as what is left of the text can't change it; behind that point states know no
 * label, and 10,000 rules whose paths end alike share one end.
 */

import type { Alphabet } from './alphabet.ts';
import type { Budget } from './budget.ts';
import { MOST_NODES, type Nfa, NODE } from './nfa.ts';

export type Labels = readonly number[];

export interface Edge {
  readonly to: number;
  /** Known from here on, for good. */
  readonly emits: Labels | undefined;
}

export interface DfaState {
  /** Accepted here, ascending; undefined: the text can't end here. With `settled`, they were given away before. */
  readonly labels: Labels | undefined;
  readonly settled: boolean;
  /** By class. */
  readonly next: ReadonlyMap<number, Edge>;
}

export interface Dfa {
  readonly states: readonly DfaState[];
  /** Of each list of entries. */
  readonly starts: readonly number[];
}

export interface Entry {
  readonly node: number;
  readonly label: number;
}

export interface Construction {
  readonly nfa: Nfa;
  readonly alphabet: Alphabet;
  readonly budget: Budget;
  /** An automaton whose language bounds this one's; without it, nothing but the expressions themselves is accepted. */
  readonly frame?: Dfa;
  /** Give labels away early; with `inside`, not yet on the first byte. */
  readonly early?: 'at once' | 'inside';
}

export function determinize(construction: Construction, ...entries: readonly (readonly Entry[])[]): Dfa {
  const subsets = new Subsets(construction);
  const starts = entries.map((list) => subsets.start(list));
  subsets.run();
  return { states: subsets.states, starts };
}

/** Node and label in one number. Label 0 stands for one that was given away. */
type Item = number;

function item(node: number, label: number): Item {
  return (label + 1) * MOST_NODES + node;
}

function labelOf(one: Item): number {
  return Math.floor(one / MOST_NODES) - 1;
}

const settledLabel = -1;
const none: Labels = [];

interface Growing extends DfaState {
  readonly next: Map<number, Edge>;
  /** SET nodes, ascending. */
  readonly items: readonly Item[];
  /** Labels that are accepted wherever the frame accepts. */
  readonly always: Labels;
  readonly frameState: number;
}

class Subsets {
  readonly states: Growing[] = [];
  readonly #nfa: Nfa;
  readonly #budget: Budget;
  readonly #frame: Dfa | undefined;
  readonly #early: Construction['early'];
  /** Classes of each of the NFA's sets. */
  readonly #classes: readonly (readonly number[])[];
  readonly #known = new Map<string, number>();
  /** States below it are starts. */
  #starts = 0;

  constructor({ nfa, alphabet, budget, frame, early }: Construction) {
    this.#nfa = nfa;
    this.#budget = budget;
    this.#frame = frame;
    this.#early = early;
    this.#classes = nfa.sets.map((set) => alphabet.classesOf(set));
  }

  start(entries: readonly Entry[]): number {
    const items = entries.map(({ node, label }) => item(node, label));
    return this.#state(this.#closure(items, true), this.#frame?.starts[0] ?? 0, false);
  }

  run(): void {
    this.#starts = this.states.length;
    for (let state = 0; state < this.states.length; state++) this.#expand(state);
  }

  #expand(index: number): void {
    const state = this.states[index];
    if (!state) return;
    const frameNext = this.#frame?.states[state.frameState]?.next;
    const mayEmit =
      !state.settled && (this.#early === 'at once' || (this.#early === 'inside' && index >= this.#starts));
    const [only] = state.items;
    if (only !== undefined && state.items.length === 1 && state.always.length === 0) {
      const [symbol, more] = this.#classesOfItem(only);
      if (symbol !== undefined && more === undefined) {
        this.#budget.keep(1);
        const frameState = frameNext ? frameNext.get(symbol)?.to : 0;
        if (frameState === undefined) return;
        state.next.set(symbol, this.#edge([this.#after(only)], frameState, mayEmit, state.settled));
        return;
      }
    }
    const byClass = new Map<number, Item[]>();
    const always = state.always.map((label) => item(1, label));
    if (always.length > 0) for (const one of frameNext?.keys() ?? []) byClass.set(one, [...always]);
    for (const one of state.items) {
      const target = this.#after(one);
      const classes = this.#classesOfItem(one);
      this.#budget.spend(classes.length);
      for (const symbol of classes) {
        if (frameNext && !frameNext.has(symbol)) continue;
        const bucket = byClass.get(symbol);
        if (bucket) bucket.push(target);
        else byClass.set(symbol, [target]);
      }
    }
    // Most classes lead to the same few subsets.
    const reached = new Map<string, Edge>();
    for (const [symbol, targets] of byClass) {
      const frameState = frameNext?.get(symbol)?.to ?? 0;
      const key = `${frameState} ${targets.join()}`;
      const edge = reached.get(key) ?? this.#edge(targets, frameState, mayEmit, state.settled);
      reached.set(key, edge);
      state.next.set(symbol, edge);
    }
    this.#budget.spend(byClass.size);
    this.#budget.keep(byClass.size);
  }

  #classesOfItem(one: Item): readonly number[] {
    return this.#classes[this.#nfa.other[one % MOST_NODES] ?? 0] ?? [];
  }

  #after(one: Item): Item {
    const node = one % MOST_NODES;
    return one - node + (this.#nfa.next[node] ?? 0);
  }

  #edge(targets: readonly Item[], frameState: number, mayEmit: boolean, settled: boolean): Edge {
    const closure = this.#closure(targets, false);
    const emits = mayEmit ? known(closure) : undefined;
    if (!emits) return { to: this.#state(closure, frameState, settled), emits };
    return { to: this.#state(withoutLabels(closure), frameState, true), emits };
  }

  /** The state of a subset, made when it is new. */
  #state({ items, accepted, always }: Closure, frameState: number, settled: boolean): number {
    const key = `${frameState} ${items.join()} ${accepted.join()} ${always.join()}`;
    const before = this.#known.get(key);
    if (before !== undefined) return before;
    this.#known.set(key, this.states.length);
    const framed = !this.#frame || this.#frame.states[frameState]?.labels !== undefined;
    const labels = framed ? ascending([...accepted, ...always]) : [];
    return (
      this.states.push({
        labels: labels.length > 0 ? labels : undefined,
        settled,
        next: new Map(),
        items,
        always,
        frameState,
      }) - 1
    );
  }

  #closure(from: readonly Item[], atStart: boolean): Closure {
    const { kinds, next, other } = this.#nfa;
    // Inside a literal, where most states are.
    const [only = 0] = from;
    if (from.length === 1 && kinds[only % MOST_NODES] === NODE.SET) {
      this.#budget.spend(2);
      return { items: from, accepted: none, always: none };
    }
    const items = new Set<Item>();
    const accepted = new Set<number>();
    const always = new Set<number>();
    // Behind an `end` no byte may follow; such items are negative.
    const seen = new Set<Item>();
    const pending = [...from];
    for (let entry = pending.pop(); entry !== undefined; entry = pending.pop()) {
      const ended = entry < 0;
      const one = ended ? -entry : entry;
      const node = one % MOST_NODES;
      const kind = kinds[node];
      if (kind === NODE.SET) {
        if (!ended) items.add(one);
        continue;
      }
      if (seen.has(entry)) continue;
      seen.add(entry);
      const follower = one - node + (next[node] ?? 0);
      switch (kind) {
        case NODE.ACCEPT:
          accepted.add(labelOf(one));
          break;
        case NODE.ALL:
          (ended ? accepted : always).add(labelOf(one));
          break;
        case NODE.SPLIT: {
          const second = one - node + (other[node] ?? 0);
          pending.push(ended ? -follower : follower, ended ? -second : second);
          break;
        }
        case NODE.BEGIN:
          if (atStart) pending.push(ended ? -follower : follower);
          break;
        case NODE.END:
          pending.push(-follower);
          break;
        case NODE.SEAL:
          pending.push(follower);
          break;
        default:
          break;
      }
    }
    this.#budget.spend(from.length + seen.size + items.size);
    return {
      items: ascending([...items].filter((one) => !always.has(labelOf(one)))),
      accepted: ascending([...accepted].filter((label) => !always.has(label))),
      always: ascending([...always]),
    };
  }
}

interface Closure {
  readonly items: readonly Item[];
  /** Labels that are accepted here, and those that are accepted here and wherever the frame accepts from here on. */
  readonly accepted: Labels;
  readonly always: Labels;
}

/** The labels of whatever text is still accepted, if they are the same for all of it. */
function known({ items, accepted, always }: Closure): Labels | undefined {
  if (items.length === 0 && accepted.length === 0) return always;
  if (always.length > 0) return undefined;
  const first = items[0];
  const label = first === undefined ? accepted[0] : labelOf(first);
  if (label === undefined) return undefined;
  const all = items.every((one) => labelOf(one) === label) && accepted.every((one) => one === label);
  return all ? [label] : undefined;
}

function withoutLabels({ items, accepted, always }: Closure): Closure {
  const bare = (labels: Labels): Labels => (labels.length > 0 ? [settledLabel] : []);
  return {
    items: items.map((one) => item(one % MOST_NODES, settledLabel)),
    accepted: bare(accepted),
    always: bare(always),
  };
}

function ascending(numbers: number[]): number[] {
  return numbers.length > 1 ? numbers.sort((a, b) => a - b) : numbers;
}
