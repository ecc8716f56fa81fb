/** The whole automaton of one rule set: method, target, version, field lines. */

import { limits } from '../limits.ts';
import { ActiveSets } from './active-sets.ts';
import { Alphabet } from './alphabet.ts';
import type { Budget } from './budget.ts';
import { ofText } from './byte-set.ts';
import type { NamedField } from './conditions.ts';
import { type Dfa, determinize, type Entry, type Labels } from './determinize.ts';
import { addFieldLines, BLANK, fieldSets, VALUE } from './field-lines.ts';
import { CONNECTION, CONTENT_LENGTH, HOST, METHOD, NO_METHOD, TARGET } from './grammar.ts';
import { Groups } from './groups.ts';
import { Machine } from './machine.ts';
import { Nfa } from './nfa.ts';
import type { PreparedRules } from './prepared-rules.ts';
import { literal, type Regex } from './regex.ts';
import { ACTION } from './table.ts';

const SP = ofText(' ');
const version = Array.from('HTTP/1.1\r\n', ofText);

export interface BuiltMachine {
  readonly machine: Machine;
  readonly start: number;
  readonly final: number;
  readonly classes: Uint8Array;
  /** Indices of rules that found no room beside the others of a target. */
  readonly crowded: ReadonlySet<number>;
}

export class RequestMachine {
  readonly #prepared: PreparedRules;
  readonly #budget: Budget;
  readonly #machine = new Machine();
  readonly #alphabet: Alphabet;
  readonly #frames: ReadonlyMap<Regex, Expressions>;
  readonly #named: ReadonlyMap<NamedField, Expressions>;
  readonly #noMethod: Entry;

  constructor(prepared: PreparedRules, budget: Budget) {
    this.#prepared = prepared;
    this.#budget = budget;
    this.#noMethod = { node: prepared.methods.nfa.add(NO_METHOD), label: prepared.methods.entries.length };
    if (prepared.rules.some(({ host }) => host === undefined)) prepared.hosts.label(undefined, () => undefined);
    const frames = [METHOD, TARGET, HOST, CONNECTION, CONTENT_LENGTH];
    this.#frames = new Map(frames.map((regex) => [regex, expressions([regex, 0])]));
    this.#named = new Map(prepared.conditions.fields.map((field) => [field, fieldValues(field)]));
    const own = [...this.#frames.values(), ...this.#named.values(), prepared.methods, prepared.paths, prepared.hosts];
    const sets = own.flatMap(({ nfa }) => nfa.sets);
    this.#alphabet = new Alphabet([...sets, ...fieldSets(prepared.conditions.fields), SP, ...version]);
  }

  build(): BuiltMachine {
    const final = this.#machine.state();
    const { nfa, entries } = this.#prepared.hosts;
    const given = { nfa, alphabet: this.#alphabet, budget: this.#budget };
    const hosts = determinize({ ...given, frame: this.#frame(HOST), early: 'inside' }, entries);
    const groups = new Groups(hosts);
    const line = addFieldLines(
      this.#machine,
      this.#alphabet,
      {
        host: hosts,
        hostLabel: (labels) => groups.hostLabel(labels),
        length: this.#frame(CONTENT_LENGTH),
        connection: this.#frame(CONNECTION),
        named: new Map([...this.#named].map(([field, one]) => [field, this.#determinize(one.nfa, one.entries)])),
      },
      final,
    );
    const start = this.#requestLine(line, groups);
    return { machine: this.#machine, start, final, classes: this.#alphabet.classes, crowded: groups.crowded };
  }

  #requestLine(line: number, groups: Groups): number {
    const version = this.#version(line);
    const { entries, nfa } = this.#prepared.methods;
    const methods = this.#determinize(nfa, [...entries, this.#noMethod], this.#frame(METHOD));
    const active = new ActiveSets(this.#prepared.rules, this.#noMethod.label);
    const activeOf = methods.states.map(({ labels }) => (labels ? active.of(labels) : undefined));
    const targets = this.#targets(active, groups, version);
    const first = this.#machine.allocate(methods.states.length);
    for (const [state, { next }] of methods.states.entries()) {
      for (const [one, { to }] of next) this.#machine.add(first + state, [one], first + to);
      const target = targets[activeOf[state] ?? -1];
      if (target !== undefined) this.#machine.add(first + state, this.#sp, target, ACTION.METHOD_END);
    }
    return first + (methods.starts[0] ?? 0);
  }

  get #sp(): readonly number[] {
    return this.#alphabet.classesOf(SP);
  }

  /** @returns the states before and after the version's first byte */
  #version(line: number): { readonly first: number; readonly second: number } {
    const states = version.map(() => this.#machine.state());
    for (const [index, byte] of version.entries()) {
      this.#machine.add(states[index] ?? 0, this.#alphabet.classesOf(byte), states[index + 1] ?? line);
    }
    return { first: states[0] ?? 0, second: states[1] ?? 0 };
  }

  /** @returns for each active set, the state before the target */
  #targets(active: ActiveSets, groups: Groups, version: { readonly first: number; readonly second: number }): number[] {
    const { nfa, entries } = this.#prepared.paths;
    // Labels of different active sets are different, since they lead to different rules.
    const lists = active.sets.map(({ byPath }, set) => {
      return entries
        .filter(({ label }) => byPath.has(label))
        .map(({ node, label }) => ({ node, label: set * entries.length + label }));
    });
    const dfa = determinize(
      { nfa, alphabet: this.#alphabet, budget: this.#budget, frame: this.#frame(TARGET), early: 'at once' },
      ...lists,
    );
    const groupOf = (labels: Labels): readonly number[] | undefined => {
      const set = Math.floor((labels[0] ?? 0) / entries.length);
      const paths = labels.map((label) => label - set * entries.length);
      return groups.of(active.withPaths(set, paths));
    };
    const first = this.#machine.allocate(dfa.states.length);
    for (const [state, { labels, settled, next }] of dfa.states.entries()) {
      for (const [one, { to, emits }] of next) {
        const group = emits && groupOf(emits);
        if (!emits) this.#machine.add(first + state, [one], first + to);
        else if (group) this.#machine.add(first + state, [one], first + to, ACTION.GROUP, group);
      }
      if (!labels) continue;
      const group = settled ? undefined : groupOf(labels);
      if (!settled && !group) continue;
      const after = group ? this.#late(group, version.second) : version.first;
      this.#machine.add(first + state, this.#sp, after, ACTION.TARGET_END);
    }
    return dfa.starts.map((start) => first + start);
  }

  /** The state after a target that only its end decided. */
  #late(group: readonly number[], second: number): number {
    const state = this.#machine.state();
    this.#machine.add(state, this.#alphabet.classesOf(ofText('H')), second, ACTION.GROUP, group);
    return state;
  }

  #frame(regex: Regex): Dfa {
    const frame = this.#frames.get(regex);
    if (!frame) throw new Error('a part of the grammar without automaton');
    return this.#determinize(frame.nfa, frame.entries);
  }

  #determinize(nfa: Nfa, entries: readonly Entry[], frame?: Dfa): Dfa {
    const given = { nfa, alphabet: this.#alphabet, budget: this.#budget };
    return determinize(frame ? { ...given, frame } : given, entries);
  }
}

interface Expressions {
  readonly nfa: Nfa;
  readonly entries: readonly Entry[];
}

function expressions(...labelled: readonly (readonly [Regex, number])[]): Expressions {
  const nfa = new Nfa(limits.judgePatternPositions);
  return { nfa, entries: labelled.map(([regex, label]) => ({ node: nfa.add(regex), label })) };
}

/** Any value, and those that rules ask for; blanks behind them are no part of them. */
function fieldValues({ values }: NamedField): Expressions {
  const blanks: Regex = { kind: 'repeat', body: { kind: 'set', set: BLANK }, least: 0, most: undefined };
  const rest: Regex = { kind: 'repeat', body: { kind: 'set', set: VALUE }, least: 0, most: undefined };
  const some: Regex = { kind: 'sequence', parts: [{ kind: 'set', set: VALUE & ~BLANK }, rest] };
  const any: Regex = { kind: 'repeat', body: some, least: 0, most: 1 };
  const asked = [...values].map(([text, bit]): [Regex, number] => [
    { kind: 'sequence', parts: [literal(text), blanks] },
    bit,
  ]);
  return expressions([any, 0], ...asked);
}
