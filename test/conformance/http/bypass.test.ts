/** No server ever sees a request that was not judged and allowed, whatever the bytes and whatever the server's parser. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { attack } from '../bypass.ts';
import { request } from './vectors/vector.ts';
import { vectors } from './vectors.ts';

/** What is taken over from the kernel, split or pipelined, costs retransmissions of TCP. */
const ways = [
  { way: 'judged', args: [], patienceMs: 1_000 },
  { way: 'proxied', args: ['--no-judge'], patienceMs: 400 },
] as const;

for (const { way, args, patienceMs } of ways) {
  test(`${vectors.length} attempts to get a request past the rules, against each server, ${way}`, async (t) => {
    assert.ok(vectors.length >= 250);
    const closing = ['Host: origin', 'Connection: close'];
    await attack(t, {
      version: 'http',
      vectors,
      allowedPath: '/allowed/.*',
      last: { name: 'last', bytes: request('GET /allowed/last HTTP/1.1', closing) },
      plain: { name: 'plain', bytes: request('GET /forbidden/plain HTTP/1.1', closing) },
      least: 10,
      patienceMs,
      args,
    });
  });
}
