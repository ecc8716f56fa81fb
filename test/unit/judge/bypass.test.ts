/** The bypass suite's vectors: the kernel passes none that the proxy would not. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judgeHead } from '../../../src/judge/judge-head.ts';
import { vectors } from '../../conformance/http/vectors.ts';
import { allowedByProxy, compiled } from './rule-sets.ts';

test('no vector of the bypass suite is accepted that the proxy does not allow', () => {
  const { rules, table } = compiled([{ method: 'GET|POST', path: '/allowed/.*' }]);
  let accepted = 0;
  for (const { name, bytes } of vectors) {
    const raw = Buffer.from(bytes, 'latin1');
    const own = judgeHead(table, raw);
    if (!own.accepted) continue;
    accepted++;
    const proxy = allowedByProxy(rules, raw);
    assert.ok(proxy, name);
    assert.deepEqual([own.length, own.contentLength], [proxy.length, proxy.body], name);
  }
  assert.ok(accepted < vectors.length / 2, `${accepted} of ${vectors.length} vectors are plain`);
});
