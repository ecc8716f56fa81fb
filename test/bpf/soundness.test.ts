/** The kernel accepts nothing that TypeScript would not allow with the same framing, and of plain requests nearly all. */

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { vectors } from '../conformance/http/vectors.ts';
import { Comparison } from '../fuzz/judge-compare.ts';

const heads = 100_000;
const comparison = new Comparison();
const { counts } = comparison;
after(() => comparison[Symbol.dispose]());

test(`${vectors.length} vectors of the bypass suite`, () => {
  assert.deepEqual(comparison.vectors(), []);
  assert.equal(counts.heads, vectors.length);
});

test(`${heads} heads, generated and damaged`, () => {
  for (let seed = 1; counts.heads < heads; seed++) assert.deepEqual(comparison.round(seed), []);
  assert.ok(counts.accepted > heads / 20, `${counts.accepted} accepted`);
  assert.ok(counts.plain > heads / 20, `${counts.plain} plain ones allowed`);
  assert.ok(counts.plainAccepted >= 0.99 * counts.plain, `${counts.plainAccepted} of ${counts.plain} accepted`);
});
