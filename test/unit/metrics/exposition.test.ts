import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Counter } from '../../../src/metrics/counter.ts';
import { exposition } from '../../../src/metrics/exposition.ts';

test('a counter becomes the text that Prometheus reads', () => {
  const counter = new Counter('sluice_requests_total', 'Requests\nof \\ all', ['verdict', 'reason']);
  counter.add({ verdict: 'ALLOW', reason: '' });
  counter.add({ verdict: 'DENY', reason: 'a"b\\c\nd' }, 2);
  counter.add({ verdict: 'ALLOW', reason: '' });
  const gauge = {
    name: 'sluice_ready',
    help: 'One when ready.',
    kind: 'gauge',
    samples: [{ labels: {}, value: 1 }],
  } as const;
  assert.equal(
    exposition([counter.metric(), gauge, { ...gauge, samples: [] }]),
    [
      '# HELP sluice_requests_total Requests\\nof \\\\ all',
      '# TYPE sluice_requests_total counter',
      'sluice_requests_total{verdict="ALLOW",reason=""} 2',
      'sluice_requests_total{verdict="DENY",reason="a\\"b\\\\c\\nd"} 2',
      '# HELP sluice_ready One when ready.',
      '# TYPE sluice_ready gauge',
      'sluice_ready 1',
      '',
    ].join('\n'),
  );
});
