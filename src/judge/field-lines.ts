/**
 * The field lines of a head and the empty line after them, one part of the automaton for all rules.
 *
 * Names are told apart by a tree of their letters in either case; a line whose name is of no interest passes through two
 * states. Names with other characters than letters, digits and hyphens are left to the proxy.
 */

import type { Alphabet } from './alphabet.ts';
import { ALPHANUMERIC, type ByteSet, bothCases, DIGITS, ofText, range, single } from './byte-set.ts';
import { CONNECTION_SEEN, HOST_SEEN, LENGTH_SEEN, type NamedField } from './conditions.ts';
import type { Dfa, DfaState, Labels } from './determinize.ts';
import { LEFT_TO_PROXY } from './grammar.ts';
import type { Machine } from './machine.ts';
import { ACTION, type Action } from './table.ts';

const NAME = ALPHANUMERIC | single(0x2d);
/** Visible ASCII, obs-text and space: RFC 9110 section 5.5. Servers differ about tabs; lines with one are the proxy's. */
export const VALUE = range(0x20, 0x7e) | range(0x80, 0xff);
export const BLANK = ofText(' ');
const COLON = single(0x3a);
const CR = single(0x0d);
const LF = single(0x0a);

/** Sets that the alphabet must know. */
export function fieldSets(named: readonly NamedField[]): ByteSet[] {
  const letters = [...specialNames, ...named.map(({ name }) => name)].flatMap((name) => Array.from(name, setOfLetter));
  return [...letters, NAME, VALUE, BLANK, COLON, CR, LF, DIGITS];
}

const specialNames = ['host', 'content-length', 'connection', ...LEFT_TO_PROXY];

function setOfLetter(letter: string): ByteSet {
  return bothCases(ofText(letter));
}

/** The values that are told apart, as automata over the value without the space around it. */
export interface FieldValues {
  readonly host: Dfa;
  /** The operand of HOST_END where `host` accepts with these labels. */
  readonly hostLabel: (labels: Labels) => number;
  readonly length: Dfa;
  readonly connection: Dfa;
  /** Of each named field, any value, blanks behind it included; the labels are the bits that it sets, 0 for none. */
  readonly named: ReadonlyMap<NamedField, Dfa>;
}

/** @returns the state where the first line begins; `final` is reached by the head's last byte */
export function addFieldLines(machine: Machine, alphabet: Alphabet, values: FieldValues, final: number): number {
  return new FieldLines(machine, alphabet, final).add(values);
}

class FieldLines {
  readonly #machine: Machine;
  readonly #alphabet: Alphabet;
  readonly #final: number;
  readonly #line: number;
  /** After the CR of a line. */
  readonly #lineFeed: number;

  constructor(machine: Machine, alphabet: Alphabet, final: number) {
    this.#machine = machine;
    this.#alphabet = alphabet;
    this.#final = final;
    this.#line = machine.state();
    this.#lineFeed = machine.state();
  }

  add(values: FieldValues): number {
    const empty = this.#machine.state();
    this.#on(this.#line, CR, empty);
    this.#on(empty, LF, this.#final, ACTION.HEAD_END);
    this.#on(this.#lineFeed, LF, this.#line, ACTION.LINE_END);

    const handlers = new Map<string, number | undefined>(LEFT_TO_PROXY.map((name) => [name, undefined]));
    handlers.set('host', this.#once(HOST_SEEN, this.#host(values.host, values.hostLabel)));
    handlers.set('content-length', this.#once(LENGTH_SEEN, this.#digits(values.length)));
    handlers.set('connection', this.#once(CONNECTION_SEEN, this.#marked(values.connection)));
    for (const [field, dfa] of values.named) handlers.set(field.name, this.#once(field.seen, this.#marked(dfa)));
    this.#names(handlers);
    return this.#line;
  }

  #on(from: number, set: ByteSet, to: number, action: Action = 0, operands: readonly number[] = []): void {
    this.#machine.add(from, this.#alphabet.classesOf(set), to, action, operands);
  }

  /** The tree of names. @param handlers name → state after its colon; undefined: no way on */
  #names(handlers: ReadonlyMap<string, number | undefined>): void {
    const other = this.#machine.state();
    const value = this.#machine.state();
    this.#on(other, NAME, other);
    this.#on(other, COLON, value);
    this.#on(value, VALUE, value);
    this.#on(value, CR, this.#lineFeed);

    const nodes = new Map([['', this.#line]]);
    for (const name of handlers.keys()) {
      for (let length = 1; length <= name.length; length++) {
        const prefix = name.slice(0, length);
        if (!nodes.has(prefix)) nodes.set(prefix, this.#machine.state());
      }
    }
    for (const [prefix, node] of nodes) {
      // A name of LEFT_TO_PROXY with all its continuations: there is no way on.
      if (prefix.endsWith('-') && handlers.has(prefix)) continue;
      const branching = new Set<number>();
      for (const [longer, child] of nodes) {
        if (longer.length !== prefix.length + 1 || !longer.startsWith(prefix)) continue;
        const letter = setOfLetter(longer.slice(-1));
        this.#on(node, letter, child);
        for (const one of this.#alphabet.classesOf(letter)) branching.add(one);
      }
      const rest = this.#alphabet.classesOf(NAME).filter((one) => !branching.has(one));
      this.#machine.add(node, rest, other);
      if (!handlers.has(prefix)) {
        if (prefix !== '') this.#on(node, COLON, value);
        continue;
      }
      const handler = handlers.get(prefix);
      if (handler !== undefined) this.#takeColon(node, handler);
    }
  }

  /** The colon of a name that may come once. */
  #takeColon(node: number, handler: number): void {
    this.#on(node, COLON, handler, ACTION.MARK, [this.#bits.get(handler) ?? 0]);
  }

  /** State after the colon → its mark. */
  readonly #bits = new Map<number, number>();

  #once(bit: number, state: number): number {
    this.#bits.set(state, bit);
    return state;
  }

  /** Blanks, then a value; `before` does what the value's first state does. */
  #value(dfa: Dfa, before: number, edge: AddEdge, end: (from: number, state: DfaState) => void): number {
    this.#on(before, BLANK, before);
    const first = this.#machine.allocate(dfa.states.length);
    const start = dfa.starts[0] ?? 0;
    const copy = (from: number, state: DfaState): void => {
      for (const [one, { to, emits }] of state.next) edge(from, one, first + to, emits);
      if (state.labels) end(from, state);
    };
    for (const [index, state] of dfa.states.entries()) {
      copy(first + index, state);
      if (index === start) copy(before, state);
    }
    return before;
  }

  #host(dfa: Dfa, labelOf: (labels: Labels) => number): number {
    const before = this.#machine.state();
    return this.#value(
      dfa,
      before,
      (from, one, to, emits) => {
        if (emits) this.#machine.add(from, [one], to, ACTION.HOST, [labelOf(emits)]);
        else this.#machine.add(from, [one], to, from === before ? ACTION.HOST_START : 0);
      },
      (from, { labels = [], settled }) => {
        this.#on(from, CR, this.#lineFeed, ACTION.HOST_END, [settled ? 0 : labelOf(labels)]);
      },
    );
  }

  #digits(dfa: Dfa): number {
    return this.#value(
      dfa,
      this.#machine.state(),
      (from, one, to) => this.#machine.add(from, [one], to, ACTION.DIGIT),
      (from) => this.#on(from, CR, this.#lineFeed),
    );
  }

  /** A label above 0 is the bit that the value sets. */
  #marked(dfa: Dfa): number {
    return this.#value(
      dfa,
      this.#machine.state(),
      (from, one, to) => this.#machine.add(from, [one], to),
      (from, { labels = [] }) => {
        const bits = labels.reduce((all, label) => all | label, 0);
        if (bits === 0) this.#on(from, CR, this.#lineFeed);
        else this.#on(from, CR, this.#lineFeed, ACTION.MARK, [bits]);
      },
    );
  }
}

type AddEdge = (from: number, one: number, to: number, emits: Labels | undefined) => void;
