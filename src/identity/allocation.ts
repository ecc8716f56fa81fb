/** Numbers for things that have a name: the same name keeps its number, and no number is given twice. */

export class Allocation<Id extends number> {
  readonly #ids = new Map<string, Id>();
  readonly #last: number;
  #next: number;

  /** Gives `first`, `first + 1`, … `last`. */
  constructor(first: number, last: number) {
    this.#next = first;
    this.#last = last;
  }

  /** @throws {RangeError} when all numbers are given away; 2^24 of them last for the life of an agent. */
  of(name: string): Id {
    const known = this.#ids.get(name);
    if (known !== undefined) return known;
    if (this.#next > this.#last) throw new RangeError(`no number is left for ${name}; restart the agent`);
    const id = this.#next++ as Id;
    this.#ids.set(name, id);
    return id;
  }
}
