/** What clients choose must not stay in memory. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { compileHttpRules } from '../../../proxy/decide.ts';
import { scanRequestHead } from '../../../proxy/http1/request-head.ts';
import { ruleSet } from './request.ts';

setFlagsFromString('--expose-gc');
const collect: () => void = runInNewContext('gc');

/** Megabytes that stay in use after `count` requests. */
function kept(count: number, head: (index: number) => string): number {
  const decider = compileHttpRules(ruleSet([{ path: '/pub/.*' }]));
  collect();
  const before = process.memoryUsage().heapUsed;
  for (let index = 0; index < count; index++) {
    const scan = scanRequestHead(Buffer.from(head(index), 'latin1'));
    assert.equal(scan.kind, 'head');
    if (scan.kind === 'head') assert.equal(decider.decide(scan.head).verdict, 'ALLOW');
  }
  collect();
  // Compiled rule sets are kept, and with them what they remember.
  return (process.memoryUsage().heapUsed - before) / 1e6;
}

test('a remembered verdict keeps nothing of the head that it was made for', () => {
  const large = 'x'.repeat(24_000);
  const megabytes = kept(
    3000,
    (i) => `GET /pub/abcdefghijklm/${i} HTTP/1.1\r\nHost: origin.example\r\nX: ${large}\r\n\r\n`,
  );
  assert.ok(megabytes < 8, `${megabytes} MB`);
});

test('verdicts on long targets and hosts are not remembered', () => {
  const long = 'y'.repeat(7_000);
  const targets = kept(3000, (i) => `GET /pub/${long}${i} HTTP/1.1\r\nHost: origin\r\n\r\n`);
  assert.ok(targets < 8, `${targets} MB`);
  const hosts = kept(3000, (i) => `GET /pub/x HTTP/1.1\r\nHost: ${long}${i}\r\n\r\n`);
  assert.ok(hosts < 8, `${hosts} MB`);
});

test('nor are verdicts on long methods, and short ones keep no head', () => {
  const long = 'Y'.repeat(7_000);
  const methods = kept(3000, (i) => `${long}${i} /pub/x HTTP/1.1\r\nHost: origin\r\n\r\n`);
  assert.ok(methods < 8, `${methods} MB`);
  const large = 'x'.repeat(24_000);
  const short = kept(3000, (i) => `METHOD-OF-A-CLIENT-${i} /pub/x HTTP/1.1\r\nHost: origin\r\nX: ${large}\r\n\r\n`);
  assert.ok(short < 8, `${short} MB`);
});
