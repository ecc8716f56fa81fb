import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RecentTimes } from '../../../src/metrics/recent-times.ts';

test('quantiles of the last times, in seconds', () => {
  const times = new RecentTimes(100);
  assert.deepEqual(times.samples([0.5]), []);
  for (let i = 0; i < 50; i++) times.add(1e6);
  for (let i = 100; i > 0; i--) times.add(i);
  assert.deepEqual(times.samples([0.5, 0.99, 1]), [
    { labels: { quantile: '0.5' }, value: 0.051 },
    { labels: { quantile: '0.99' }, value: 0.1 },
    { labels: { quantile: '1' }, value: 0.1 },
  ]);
});
