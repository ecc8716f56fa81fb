/** Tables come and go with the rules that they are made of; what takes long to compile comes later. */

import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { openObject } from '../../native/index.ts';
import { JudgeTables } from '../../src/datapath/judge-tables.ts';
import { u32 } from '../../src/datapath/kernel-maps.ts';
import type { EndpointId } from '../../src/identity/identity.ts';
import type { HttpRule, HttpRuleSet, ResolvedPolicy } from '../../src/policy/resolved.ts';
import { eventually } from '../netns/eventually.ts';
import { open } from './bench-tap.ts';
import { ref, ruleSet, under } from './judge-bench.ts';

const object = openObject(new URL('../../build/sluice.bpf.o', import.meta.url).pathname);
object.load();
const maps = (['small', 'medium', 'large'] as const).map((size) => ({ size, map: object.map(`judges_${size}`) }));
let tables = new JudgeTables(object);
afterEach(() => {
  tables.put(policyOf())();
  tables.close();
  tables = new JudgeTables(object);
});

function policyOf(...sets: readonly HttpRuleSet[]): ResolvedPolicy {
  return {
    revision: 1,
    identities: [],
    prefixes: [],
    endpoints: sets.map((set, index) => ({ endpoint: (index + 1) as EndpointId, ingress: under(set), egress: open })),
  };
}

/** The sizes of which a rule set has a table. */
function sizesOf({ id }: HttpRuleSet): string[] {
  return maps.filter(({ map }) => map.get(u32(id)) !== undefined).map(({ size }) => size);
}

/** The same number, other rules. */
function changed(set: HttpRuleSet, key: string, ...rules: readonly Omit<HttpRule, 'ref'>[]): HttpRuleSet {
  return { ...set, key, http: rules.map((rule) => ({ ref, ...rule })) };
}

const literals = (count: number, root = 'a'): { path: string }[] =>
  Array.from({ length: count }, (_, index) => ({ path: `/${root}/${index}/items/${(index * 7919) % 10007}` }));
/** A rule that changes headers on paths that the kernel can't tell: nothing is judged beside it. */
const hard = { path: '/\\bx/.*', headerMatches: [{ name: 'X-A', value: 'b', mismatch: 'ADD' }] } as const;

test('a few rules have their table at once, and lose it when they are gone', () => {
  const set = ruleSet(3, { path: '/a/.*' });
  const clean = tables.put(policyOf(set));
  assert.deepEqual(sizesOf(set), ['small']);
  clean();
  assert.deepEqual(sizesOf(set), ['small']);
  const cleanAgain = tables.put(policyOf());
  assert.deepEqual(sizesOf(set), ['small'], 'still in force');
  cleanAgain();
  assert.deepEqual(sizesOf(set), []);
});

test('many rules come later, and the main thread does not wait for them', async () => {
  const many = ruleSet(4, ...literals(3000));
  const few = ruleSet(5, { path: '/b' });
  tables.put(policyOf(many, few))();
  assert.deepEqual([sizesOf(many), sizesOf(few)], [[], ['small']]);
  await eventually('the table of many rules', () => (sizesOf(many).length > 0 ? true : undefined));
  assert.deepEqual(sizesOf(many), ['medium']);
});

test('a number with other rules has no table of the earlier ones for a moment', async () => {
  const set = ruleSet(6, { path: '/a' });
  tables.put(policyOf(set))();
  const grown = changed(set, 'grown', ...literals(3000));
  const clean = tables.put(policyOf(grown));
  assert.deepEqual(sizesOf(set), []);
  clean();
  await eventually('the new table', () => (sizesOf(set).length > 0 ? true : undefined));
  assert.deepEqual(sizesOf(set), ['medium']);

  tables.put(policyOf(changed(set, 'shrunk', { path: '/b' })))();
  assert.deepEqual(sizesOf(set), ['small']);

  const unjudgeable = changed(set, 'unjudgeable', hard);
  const after = ruleSet(7, ...literals(1000));
  tables.put(policyOf(unjudgeable, after))();
  assert.deepEqual(sizesOf(set), []);
  await eventually('the table after it', () => (sizesOf(after).length > 0 ? true : undefined));
  assert.deepEqual(sizesOf(set), [], 'it was compiled before');
});

test('a rule set that is gone before it was compiled gets no table', async () => {
  const [gone, waiting, kept] = [8, 9, 10].map((id) => ruleSet(id, ...literals(2000, `${id}`)));
  assert.ok(gone && waiting && kept);
  tables.put(policyOf(gone, waiting))();
  tables.put(policyOf(kept))();
  await eventually('the table of the one that stays', () => (sizesOf(kept).length > 0 ? true : undefined));
  assert.deepEqual([sizesOf(gone), sizesOf(waiting)], [[], []]);
});
