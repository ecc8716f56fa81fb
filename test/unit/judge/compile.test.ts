/** Tables of many rules, and rule sets that are too much. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compileJudge } from '../../../src/judge/compile.ts';
import {
  ACTION,
  CANDIDATES,
  DEAD_CLASS,
  encodeTable,
  type JudgeTable,
  LOOP,
  TABLE_CELLS,
} from '../../../src/judge/table.ts';
import { limits } from '../../../src/limits.ts';
import { compiled, judge, type Rule, ruleSet } from './rule-sets.ts';

const count = 10_000;

function numbered(rule: (index: number) => Rule): Rule[] {
  return Array.from({ length: count }, (_, index) => rule(index));
}

function assertWellFormed({ start, classes, cells }: JudgeTable): void {
  assert.ok((TABLE_CELLS as readonly number[]).includes(cells.length));
  assert.ok((start & ~LOOP) < cells.length - 256);
  assert.ok(classes.every((one) => one >= 1));
  assert.equal(cells[0], 0, 'a group at 0 is no group');
  for (const cell of cells) {
    if (cell === 0) continue;
    assert.ok(((cell >>> 12) & ~LOOP) < cells.length - 256 || (cell & 0xfff) === 0, 'a state beyond the table');
    if ((cell & 0xff) === 0) assert.equal(cell & 0xf00, 0, 'an operand with an action');
    assert.notEqual(cell & 0xff, DEAD_CLASS);
    assert.ok(((cell >>> 8) & 15) <= ACTION.HOST);
  }
}

test('10,000 rules fit and are told apart', (t) => {
  const shapes: readonly (readonly [string, (index: number) => Rule, (index: number) => string])[] = [
    ['literals', (index) => ({ method: 'GET', path: `/api/v1/item-${index}` }), (index) => `/api/v1/item-${index}`],
    ['prefixes', (index) => ({ path: `/api/v1/item-${index}/.*` }), (index) => `/api/v1/item-${index}/any/thing?q`],
    ['segments', (index) => ({ path: `/u/[^/]+/${index}/[0-9]+` }), (index) => `/u/someone/${index}/7`],
    ['long', (index) => ({ path: `/${longName(index)}` }), (index) => `/${longName(index)}`],
  ];
  for (const [name, rule, target] of shapes) {
    const start = performance.now();
    const { table, notes } = compiled(numbered(rule));
    t.diagnostic(`${name}: ${Math.round(performance.now() - start)} ms, ${table.cells.length} cells`);
    assert.deepEqual(notes, []);
    assertWellFormed(table);
    for (const index of [0, 1, 9, 10, 4711, 9999]) {
      const { accepted, rule: chosen } = judge(table, `GET ${target(index)} HTTP/1.1\r\nHost: a\r\n\r\n`);
      assert.ok(accepted, target(index));
      assert.equal(chosen, index);
    }
    assert.ok(!judge(table, `GET ${target(10_000)} HTTP/1.1\r\nHost: a\r\n\r\n`).accepted);
  }
});

/** Thirty letters that share little with those of other numbers. */
function longName(index: number): string {
  let state = index + 1;
  return Array.from({ length: 30 }, () => {
    state = (state * 48_271) % 2_147_483_647;
    return String.fromCharCode(0x61 + (state % 26));
  }).join('');
}

test('a loop takes every visible byte to itself, and a field’s value is one', () => {
  const { table } = compiled([{ path: '/a' }, { path: '/b', headers: ['X-Kind: c'] }]);
  const { classes, cells } = table;
  const loops = new Set<number>();
  for (const cell of cells) {
    const state = cell >>> 12;
    if ((cell & 0xff) !== 0 && ((cell >>> 8) & 15) === 0 && state & LOOP) loops.add(state);
  }
  assert.ok(loops.size > 0);
  for (const state of loops) {
    for (let byte = 0x20; byte <= 0x7e; byte++) {
      const one = classes[byte] ?? 0;
      assert.equal(cells[(state & ~LOOP) + one], ((state << 12) | one) >>> 0, `${state & ~LOOP} by ${byte}`);
    }
  }
});

test('1,600 hosts are told apart', () => {
  const { table } = compiled(
    Array.from({ length: 1600 }, (_, index) => ({ host: `h${index}\\.example`, path: `/${index % 100}` })),
  );
  assertWellFormed(table);
  const ask = (host: string, path: string): number | undefined => {
    const { accepted, rule } = judge(table, `GET ${path} HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
    return accepted ? rule : undefined;
  };
  assert.equal(ask('h1234.example', '/34'), 1234);
  assert.equal(ask('H7.example:80', '/7'), 7);
  assert.equal(ask('h7.example', '/8'), undefined);
  assert.equal(ask('h1600.example', '/0'), undefined);
});

test('rules beyond a target’s candidates are named and left to the proxy', () => {
  const rules = Array.from({ length: CANDIDATES + 1 }, (_, index) => ({ path: '/a', host: `h${index}` }));
  const { table, notes } = compiled(rules);
  assert.equal(judge(table, `GET /a HTTP/1.1\r\nHost: h${CANDIDATES - 1}\r\n\r\n`).rule, CANDIDATES - 1);
  assert.ok(!judge(table, `GET /a HTTP/1.1\r\nHost: h${CANDIDATES}\r\n\r\n`).accepted);
  assert.deepEqual(
    notes.map(({ rule }) => rule.rule),
    [`http[${CANDIDATES}]`],
  );
});

test('what one rule can’t have, the others keep', () => {
  const { table, notes } = compiled([
    { path: '/\\bword' },
    { path: '/plain' },
    { path: '/a', headers: ['Host: x'] },
    { path: '/a', headers: ['X_Y'] },
    { path: '/a', headers: ['X-Empty:'] },
    { method: '(?m)GET' },
  ]);
  assert.ok(judge(table, 'GET /plain HTTP/1.1\r\nHost: a\r\n\r\n').accepted);
  assert.deepEqual(
    notes.map(({ rule }) => rule.rule),
    ['http[0]', 'http[2]', 'http[3]', 'http[4]', 'http[5]'],
  );
});

test('a path that explodes costs only itself', () => {
  const { table, notes } = compiled([{ path: '/.*a.{30}' }, { path: '/plain/.*' }]);
  assert.ok(judge(table, 'GET /plain/x HTTP/1.1\r\nHost: a\r\n\r\n').accepted);
  assert.deepEqual(
    notes.map(({ rule }) => rule.rule),
    ['http[0]'],
  );
});

test('what can’t be judged at all says why', () => {
  const none = compileJudge(ruleSet([]));
  assert.ok('skipped' in none);
  const edits = compileJudge(
    ruleSet([{}, { path: '\\bx', headerMatches: [{ name: 'A', value: 'b', mismatch: 'DELETE' }] }]),
  );
  assert.ok('skipped' in edits && edits.skipped.includes('http[1]'), JSON.stringify(edits));
  const bounds = { ...limits, judgeSteps: 1000 };
  const small = compileJudge(ruleSet([{ path: '/a' }]), bounds);
  assert.ok('skipped' in small && small.skipped.includes('too long'), JSON.stringify(small));
});

test('the map’s value is the table', () => {
  const { table } = compiled([{ path: '/a' }]);
  const bytes = encodeTable(table);
  const view = new DataView(bytes.buffer);
  assert.equal(bytes.length, 264 + 4 * table.cells.length);
  assert.equal(view.getUint32(0, true), table.start);
  assert.deepEqual(bytes.subarray(8, 264), table.classes);
  const cell = table.cells.findIndex((one) => one > 0xffff_0);
  assert.equal(view.getUint32(264 + 4 * cell, true), table.cells[cell]);
});
