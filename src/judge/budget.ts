/** What one rule set's compilation may cost. It runs beside traffic, on patterns that anybody with a policy can write. */

export class TooLarge extends Error {}

export class Budget {
  #steps: number;
  #transitions: number;

  constructor(bounds: { readonly steps: number; readonly transitions: number }) {
    this.#steps = bounds.steps;
    this.#transitions = bounds.transitions;
  }

  /** Work done; one step is some ten nanoseconds. */
  spend(steps: number): void {
    this.#steps -= steps;
    if (this.#steps < 0) throw new TooLarge('it would take too long to compile');
  }

  /** Memory that stays. */
  keep(transitions: number): void {
    this.#transitions -= transitions;
    if (this.#transitions < 0) throw new TooLarge('it has too many transitions');
  }
}
