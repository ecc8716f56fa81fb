/** The automaton while it is put together: states are numbers, transitions carry a class and what happens on them. */

import { ACTION, type Action } from './table.ts';

/** What one transition takes and does; equal ones are one object, told apart by `index`. */
export interface Step {
  readonly index: number;
  readonly class: number;
  readonly action: Action;
  /** Those after the next state. */
  readonly operands: readonly number[];
}

/** Actions whose transition leads to operands. */
const withOperands: ReadonlySet<Action> = new Set([ACTION.MARK, ACTION.GROUP, ACTION.HOST, ACTION.HOST_END]);

export function hasOperands(action: Action): boolean {
  return withOperands.has(action);
}

export class Machine {
  readonly from: number[] = [];
  readonly symbol: number[] = [];
  readonly to: number[] = [];
  readonly symbols: Step[] = [];
  readonly #plain = new Map<number, number>();
  readonly #known = new Map<string, number>();
  #states = 0;

  get states(): number {
    return this.#states;
  }

  state(): number {
    return this.#states++;
  }

  /** @returns the first of `count` new ones */
  allocate(count: number): number {
    this.#states += count;
    return this.#states - count;
  }

  add(from: number, classes: Iterable<number>, to: number, action: Action = 0, operands: readonly number[] = []): void {
    for (const one of classes) {
      this.from.push(from);
      this.symbol.push(this.#symbol(one, action, operands));
      this.to.push(to);
    }
  }

  #symbol(one: number, action: Action, operands: readonly number[]): number {
    if (action === 0) {
      const known = this.#plain.get(one);
      if (known !== undefined) return known;
      this.#plain.set(one, this.symbols.length);
    } else {
      const key = `${one} ${action} ${operands.join()}`;
      const known = this.#known.get(key);
      if (known !== undefined) return known;
      this.#known.set(key, this.symbols.length);
    }
    return this.symbols.push({ index: this.symbols.length, class: one, action, operands }) - 1;
  }
}
