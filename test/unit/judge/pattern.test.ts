/** Patterns against re2js: the same language over ASCII. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { RE2JS } from 're2js';
import { Alphabet } from '../../../src/judge/alphabet.ts';
import { Budget, TooLarge } from '../../../src/judge/budget.ts';
import { type Dfa, determinize } from '../../../src/judge/determinize.ts';
import { Nfa } from '../../../src/judge/nfa.ts';
import { parsePattern } from '../../../src/judge/pattern-parser.ts';
import { NotCompilable } from '../../../src/judge/regex.ts';

interface Matcher {
  matches(text: string): boolean;
}

function matcher(source: string): Matcher {
  const nfa = new Nfa(4096);
  const entry = { node: nfa.add(parsePattern(source)), label: 0 };
  const alphabet = new Alphabet(nfa.sets);
  const budget = new Budget({ steps: 100_000, transitions: 20_000 });
  const dfa = determinize({ nfa, alphabet, budget }, [entry]);
  return { matches: (text) => run(dfa, alphabet, text) };
}

function run(dfa: Dfa, alphabet: Alphabet, text: string): boolean {
  let state = dfa.starts[0] ?? 0;
  for (const byte of Buffer.from(text, 'latin1')) {
    const edge = dfa.states[state]?.next.get(alphabet.classes[byte] ?? 0);
    if (!edge) return false;
    state = edge.to;
  }
  return dfa.states[state]?.labels !== undefined;
}

const texts = fc.string({ unit: fc.constantFrom(...Array.from('abAB/.-_01 \n')), maxLength: 8 });

const atoms = fc.constantFrom(
  'a',
  'b',
  'A',
  '/',
  '\\.',
  '.',
  '-',
  '0',
  '[ab]',
  '[^a/]',
  '[a-c]',
  '[^A-Z]',
  '[\\d_]',
  '[[:alpha:]]',
  '[^[:^digit:]-]',
  '\\d',
  '\\D',
  '\\w',
  '\\W',
  '\\s',
  '\\S',
  '\\x61',
  '\\x{62}',
  '\\n',
  '\\Qa.\\E',
  '[]a]',
  '[a\\]-]',
  '[\\w/]',
  '[^\\W]',
  '[.-0]',
  '^',
  '$',
  '\\A',
  '\\z',
  '\\_',
  '\\101',
  'é',
  '[é-ü]',
  '[a-ü]',
  '{',
  'a{,2}',
);
const suffixes = fc.constantFrom('', '', '', '*', '+', '?', '*?', '{2}', '{1,3}', '{0,2}?', '{2,}', '{0}');
const sources = fc.letrec<{ sequence: string; choice: string; group: string; item: string }>((tie) => ({
  choice: fc.array(tie('sequence'), { minLength: 1, maxLength: 3 }).map((parts) => parts.join('|')),
  sequence: fc.array(tie('item'), { maxLength: 4 }).map((parts) => parts.join('')),
  item: fc.tuple(fc.oneof({ maxDepth: 2 }, atoms, tie('group')), suffixes).map(([atom, suffix]) => atom + suffix),
  group: fc
    .tuple(fc.constantFrom('(', '(?:', '(?i:', '(?P<n>', '(?s:', '(?-i:', '(?i-s:', '((?i)'), tie('choice'))
    .map(([open, body]) => `${open}${body})`),
})).choice;

function oracle(source: string): RE2JS | undefined {
  try {
    return RE2JS.compile(source);
  } catch {
    return undefined;
  }
}

test('patterns match what RE2 matches', () => {
  let compared = 0;
  fc.assert(
    fc.property(sources, fc.array(texts, { minLength: 8, maxLength: 8 }), (source, samples) => {
      const regex = oracle(source);
      if (!regex) return;
      let own: Matcher;
      try {
        own = matcher(source);
      } catch (error) {
        assert.ok(error instanceof NotCompilable || error instanceof TooLarge, String(error));
        return;
      }
      for (const text of samples) {
        compared++;
        assert.equal(own.matches(text), regex.matches(text), `${source} on ${JSON.stringify(text)}`);
      }
    }),
    { numRuns: 6000, interruptAfterTimeLimit: 20_000 },
  );
  assert.ok(compared > 10_000, `only ${compared} compared`);
});

test('patterns of policies are compiled', () => {
  const cases: readonly (readonly [string, readonly string[], readonly string[]])[] = [
    ['/image/[0-9]+', ['/image/1', '/image/42'], ['/image/', '/image/a', '/image/1/']],
    ['^/a$', ['/a'], ['/', '/a/']],
    ['/a(/.*)?', ['/a', '/a/', '/a/b'], ['/ab']],
    ['GET|HEAD', ['GET', 'HEAD'], ['GE', 'GETHEAD']],
    ['(?i)/a', ['/a', '/A'], ['/b']],
    ['/v[12]/u/[0-9a-f]{4}', ['/v1/u/00ff', '/v2/u/abcd'], ['/v3/u/00ff', '/v1/u/00f', '/v1/u/00fff']],
    ['a$|b', ['a', 'b'], ['ab', '']],
    ['(a|b$)c?', ['a', 'ac', 'b'], ['bc']],
  ];
  for (const [source, yes, no] of cases) {
    const own = matcher(source);
    for (const text of yes) assert.ok(own.matches(text), `${source} on ${text}`);
    for (const text of no) assert.ok(!own.matches(text), `${source} on ${text}`);
  }
});

test('what is not compiled says why', () => {
  const cases: readonly (readonly [string, RegExp])[] = [
    ['\\bfoo', /`\\b`/],
    ['\\pL', /`\\p`/],
    ['(?m)^a', /flag `m`/],
    ['(?i)ſ', /beyond ASCII/],
    ['[[:foo:]]', /class/],
    ['a{2000}', /out of bounds/],
    ['(?=a)', /group/],
    [`${'('.repeat(60)}a${')'.repeat(60)}`, /groups within/],
    ['(((a{50}){50}){50})', /positions/],
  ];
  for (const [source, reason] of cases) {
    assert.throws(
      () => matcher(source),
      (error) => error instanceof NotCompilable && reason.test(error.message),
      source,
    );
  }
});
