/**
 * Thompson's automaton of many expressions, in flat arrays: node `n` has a kind and one or two successors. Equal ends
 * of expressions are the same nodes, so which expression is being read is not told by the node but by a label beside it.
 */

import type { ByteSet } from './byte-set.ts';
import { NotCompilable, type Regex } from './regex.ts';

export const NODE = { ACCEPT: 0, SET: 1, SPLIT: 2, BEGIN: 3, END: 4, SEAL: 5, ALL: 6 } as const;

/** Nodes of one automaton; they share a number with a label (determinize.ts). */
export const MOST_NODES = 2 ** 21;

/** Where every expression ends. */
const accept = 0;
/** Whatever follows is accepted. */
const all = 1;

export class Nfa {
  readonly kinds: number[] = [NODE.ACCEPT, NODE.ALL];
  /** First successor. */
  readonly next: number[] = [0, 0];
  /** Second successor of SPLIT; of SET the index in `sets`. */
  readonly other: number[] = [0, 0];
  readonly sets: ByteSet[] = [];
  readonly #setIndex = new Map<ByteSet, number>();
  readonly #known = new Map<number, number>();
  readonly #loops = new Map<string, number>();
  readonly #mostPositions: number;
  readonly #universe: ByteSet | undefined;
  #positions = 0;

  /**
   * @param mostPositions that one expression may need
   * @param universe the bytes that can come at all, when that is known: repeating them is accepting everything
   */
  constructor(mostPositions: number, universe?: ByteSet) {
    this.#mostPositions = mostPositions;
    this.#universe = universe;
  }

  /**
   * @param regex undefined: anything
   * @returns the node where it begins
   * @throws {NotCompilable} when it is too large
   */
  add(regex: Regex | undefined): number {
    this.#positions = 0;
    return regex ? this.#build(regex, accept) : all;
  }

  #node(kind: number, next: number, other: number): number {
    this.#count();
    const key = (next * MOST_NODES + other) * 8 + kind;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const node = this.#push(kind, next, other);
    this.#known.set(key, node);
    return node;
  }

  #push(kind: number, next: number, other: number): number {
    if (this.kinds.length === MOST_NODES) throw new NotCompilable('too many patterns in one rule set');
    this.kinds.push(kind);
    this.next.push(next);
    return this.other.push(other) - 1;
  }

  #count(): void {
    if (++this.#positions > this.#mostPositions) {
      throw new NotCompilable(`a pattern of more than ${this.#mostPositions} positions`);
    }
  }

  #set(set: ByteSet): number {
    const known = this.#setIndex.get(set);
    if (known !== undefined) return known;
    this.#setIndex.set(set, this.sets.length);
    return this.sets.push(set) - 1;
  }

  #build(regex: Regex, next: number): number {
    switch (regex.kind) {
      case 'set':
        return this.#node(NODE.SET, next, this.#set(regex.set));
      case 'sequence':
        return regex.parts.reduceRight((then, part) => this.#build(part, then), next);
      case 'choice':
        return regex.parts.map((part) => this.#build(part, next)).reduce((a, b) => this.#node(NODE.SPLIT, a, b));
      case 'repeat':
        return this.#repeat(regex.body, regex.least, regex.most, next);
      case 'begin':
        return this.#node(NODE.BEGIN, next, 0);
      case 'end':
        return next === accept ? next : this.#node(NODE.END, next, 0);
      case 'seal':
        return this.#node(NODE.SEAL, next, 0);
    }
  }

  #repeat(body: Regex, least: number, most: number | undefined, next: number): number {
    let entry = next;
    if (most === undefined) entry = this.#loop(body, next);
    else for (let count = least; count < most; count++) entry = this.#node(NODE.SPLIT, next, this.#build(body, entry));
    for (let count = 0; count < least; count++) entry = this.#build(body, entry);
    return entry;
  }

  #loop(body: Regex, next: number): number {
    if (next === accept && this.#isAll(body)) return all;
    const key = `${next} ${keyOf(body)}`;
    const known = this.#loops.get(key);
    if (known !== undefined) {
      this.#count();
      return known;
    }
    this.#count();
    const entry = this.#push(NODE.SPLIT, next, next);
    this.other[entry] = this.#build(body, entry);
    this.#loops.set(key, entry);
    return entry;
  }

  #isAll(body: Regex): boolean {
    if (this.#universe === undefined) return false;
    const only = body.kind === 'sequence' && body.parts.length === 1 ? body.parts[0] : body;
    return only?.kind === 'set' && (only.set & this.#universe) === this.#universe;
  }
}

function keyOf(regex: Regex): string {
  switch (regex.kind) {
    case 'set':
      return regex.set.toString(36);
    case 'sequence':
    case 'choice':
      return `(${regex.kind} ${regex.parts.map(keyOf).join()})`;
    case 'repeat':
      return `(${regex.least} ${regex.most} ${keyOf(regex.body)})`;
    default:
      return regex.kind;
  }
}
