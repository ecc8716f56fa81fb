/** Two views of a path: what one server takes for another path than the next is denied, whichever of both is allowed. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { canonicalTarget } from '../../../proxy/decide/canonical.ts';
import { verdict } from './request.ts';

const same = ['/', '/a/b', '/a/b?c=../%2e', '/a.b/..c/.d', '/a%20b', '/caf%C3%A9', '/a%3Fb', '/a%23b', '/a...', '*'];

test('a path that every server reads alike is its own canonical form', () => {
  for (const target of same) assert.equal(canonicalTarget(target), target);
});

const read: readonly (readonly [target: string, canonical: string | undefined])[] = [
  ['//admin', '/admin'],
  ['/./admin', '/admin'],
  ['/x/../admin', '/admin'],
  ['/../../admin', '/admin'],
  ['/x/..', '/'],
  ['/x/.', '/x/'],
  ['/%2e%2e/admin', '/admin'],
  ['/x/%2E%2e/admin', '/admin'],
  ['/%61dmin', '/admin'],
  ['/admin%2Fx', '/admin/x'],
  ['/x%5cadmin', '/x/admin'],
  ['/x%5C..%5cadmin', '/admin'],
  ['/admin;x=y', '/admin'],
  ['/admin;x/y;z', '/admin/y'],
  ['/x/..;/admin', '/admin'],
  ['/admin%3Bx', '/admin'],
  ['/%252e%252e/admin', '/admin'],
  ['/%25252e/admin', '/admin'],
  ['/%252f', '/'],
  ['/caf%c3%a9', '/caf%C3%A9'],
  ['/a%3fb', '/a%3Fb'],
  ['/%0d%0aX', '/%0D%0AX'],
  ['/x?y;z//..%2f', '/x?y;z//..%2f'],
  ['/;?y//', '/?y//'],
  ['/%00', undefined],
  ['/%2500', undefined],
  ['/%', undefined],
  ['/%2', undefined],
  ['/%zz', undefined],
  ['/%2525252e', undefined],
  ['/%c0%af', undefined],
  ['/%c0%ae%c0%ae/', undefined],
  ['/%ff', undefined],
  ['/%u002e', undefined],
];

test('what servers read differently is read as the most eager one would', () => {
  for (const [target, canonical] of read) assert.equal(canonicalTarget(target), canonical, target);
});

test('both views have to be allowed', () => {
  const rule = { path: '/public/.*' };
  assert.equal(verdict(rule, '/public/a/../b'), 'ALLOW');
  for (const target of [
    '/public/../admin',
    '/public/%2e%2e/admin',
    '/public/..%2fadmin',
    '/public/..%5cadmin',
    '/public/..;/admin',
    '/public/%252e%252e/admin',
    '/public/%00',
    '/public/%c0%ae%c0%ae/admin',
    '/x/../public/a',
    '/%70ublic/a',
    '//public/a',
    '/public;x/a',
  ]) {
    assert.equal(verdict(rule, target), 'DENY ambiguous', target);
  }
  assert.equal(verdict(rule, '/x/../admin'), 'DENY no-rule');
});

test('a rule may name an encoded character', () => {
  assert.equal(verdict({ path: '/a%20b' }, '/a%20b'), 'ALLOW');
  assert.equal(verdict({ path: '/caf%C3%A9' }, '/caf%C3%A9'), 'ALLOW');
  assert.equal(verdict({ path: '/caf%C3%A9' }, '/caf%c3%a9'), 'DENY ambiguous');
});

const piece = fc.constantFrom(
  '/',
  '.',
  '..',
  '%2e',
  '%2F',
  '%5c',
  '\\',
  ';',
  'a',
  'b',
  '%25',
  '2e',
  '%',
  '%41',
  '?',
  '%c3%a9',
);

test('a canonical form is its own, and holds nothing that resolves further', () => {
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
      const canonical = canonicalTarget(`/${pieces.join('')}`);
      if (canonical === undefined) return;
      assert.equal(canonicalTarget(canonical), canonical);
      const [path = ''] = canonical.split('?');
      assert.doesNotMatch(path, /\/\/|\/\.\.?(\/|$)|[;\\]|%2[eEfF]|%5[cC]|%25/);
    }),
    { seed: 1, numRuns: 20_000 },
  );
});
