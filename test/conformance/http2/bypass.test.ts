/** No server of HTTP/2 ever sees a request that was not judged and allowed, whatever the frames. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { headers, hello } from '../../unit/http2/wire.ts';
import { attack } from '../bypass.ts';
import type { Vector } from '../http/vectors/vector.ts';
import { forbiddenPath, head } from './vectors/request.ts';
import { vectors } from './vectors.ts';

function single(name: string, path: string): Vector {
  return { name, bytes: Buffer.concat([hello, headers(1, head(path))]).toString('latin1') };
}

test(`${vectors.length} attempts to get a request past the rules over HTTP/2, against each server`, async (t) => {
  assert.ok(vectors.length >= 200);
  await attack(t, {
    version: 'http2',
    vectors,
    allowedPath: '/allowed/[a-z]*',
    last: single('last', '/allowed/last'),
    plain: single('plain', forbiddenPath),
    least: 50,
    patienceMs: 300,
    args: ['--no-judge'],
  });
});
