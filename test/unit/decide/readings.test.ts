import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { otherReadings } from '../../../proxy/decide/readings.ts';
import { compileHttpRules } from '../../../proxy/decide.ts';
import { request, ruleSet, said, verdict } from './request.ts';

const settled: readonly (readonly [target: string, readings: readonly string[]])[] = [
  ['/', []],
  ['*', []],
  ['/a/b.c/..d/...?x=../..&y=%2e', []],
  ['/a%20b', []],
  ['/caf%C3%A9', []],
  ['/caf%c3%a9', ['/caf%C3%A9']],
  ['/50%25', []],
  ['/50%25off', []],
  ['/%61?%61', ['/a?%61']],
  ['/%2561', ['/a']],
  ['/a//b', ['/a/b']],
  ['/a;v=1/b', ['/a/b']],
  ['/a;x%2Fb', ['/a;x/b', '/a/b', '/a']],
  ['/a%2Fb', ['/a/b']],
  ['/a%3Fb', []],
  ['/a%23b', ['/a']],
  ['/a\\b', ['/a%5Cb', '/a/b']],
];

test('lists the readings of a path beside the raw one', () => {
  for (const [target, readings] of settled) {
    assert.deepEqual([...(otherReadings(target) ?? ['none'])].sort(), [...readings].sort(), target);
  }
});

const unsettled = [
  ['dot segments', '/a/../b', '/a/./b', '/a/..', '/a/.', '/..', '/a/..?x'],
  ['encoded dot segments', '/a/%2e%2e/b', '/a/.%2E/b', '/a/%252e%252e/b', '/a/..%2fb', '/a/%25252e/b'],
  ['dot segments for some', '/a/..;x/b', '/a\\..\\b', '/a/..%5cb', '/a/..%23', '/a/..%3f', '/a/..%20/b'],
  ['broken encoding', '/%', '/%2', '/%zz', '/a%u002e', '/%25u002e'],
  ['too many encodings', '/%2525252561'],
  ['control characters', '/a%00', '/a%0d%0aX', '/a%2509', '/a%7f'],
  ['bytes that are no UTF-8', '/%ff', '/%c0%ae', '/%e0%80%ae', '/%ed%a0%80'],
] as const;

for (const [what, ...targets] of unsettled) {
  test(`relies on no reading of ${what}`, () => {
    for (const target of targets) assert.equal(otherReadings(target), undefined, target);
  });

  test(`lets ${what} pass only where no rule looks at the path`, () => {
    const anywhere = compileHttpRules(ruleSet([{}]));
    const fromTheRoot = compileHttpRules(ruleSet([{ path: '/.*' }]));
    const below = compileHttpRules(ruleSet([{ path: '/a.*' }, { path: '/(%|b).*' }, { path: '/[^z]*' }]));
    for (const target of targets) {
      assert.equal(anywhere.decide(request(target)).verdict, 'ALLOW', target);
      assert.equal(fromTheRoot.decide(request(target)).verdict, 'ALLOW', target);
      assert.equal(said(below.decide(request(target))), 'DENY ambiguous', target);
    }
  });
}

test('a path that lies in an allowed place only raw and decoded in full is denied', () => {
  const decider = compileHttpRules(ruleSet([{ path: '/pub/.*' }]));
  const detours = [
    '/pub/%2e%2e/admin/%252e%252e/pub/x', // nginx decodes once
    '/pub/../admin/pub//../../pub/x', // WHATWG URL merges no slashes
    '/pub/../admin/..%2f../pub/x', // and decodes no %2f
    '/pub/../admin/..;/pub/x', // only Java drops parameters first
    '/pub/..%5cadmin/..%2fpub/x',
  ];
  for (const target of detours) {
    assert.equal(said(decider.decide(request(target))), 'DENY ambiguous', target);
  }
});

test('all readings have to be allowed', () => {
  const rule = { path: '/public/.*' };
  for (const target of ['/public/a//b', '/public/a%2Fb', '/public/a;v=1', '/public/50%25', '/public/%C3%A9']) {
    assert.equal(verdict(rule, target), 'ALLOW', target);
  }
  for (const target of [
    '/%70ublic/a',
    '//public/a',
    '/public;x/a',
    '/public%2fa',
    '/x/../public/a',
    '/public/a/../b',
  ]) {
    assert.equal(verdict(rule, target), 'DENY ambiguous', target);
  }
  assert.equal(verdict({ path: '/public/[^/]*' }, '/public/a%2Fb'), 'DENY ambiguous');
  assert.equal(verdict(rule, '//admin'), 'DENY no-rule');
});

test('a rule may name an encoded character', () => {
  assert.equal(verdict({ path: '/a%20b' }, '/a%20b'), 'ALLOW');
  assert.equal(verdict({ path: '/caf%C3%A9' }, '/caf%C3%A9'), 'ALLOW');
  assert.equal(verdict({ path: '/caf%C3%A9' }, '/caf%c3%a9'), 'DENY ambiguous');
});

test('a header is not left alone because the path hides what it is', () => {
  const taken = { path: '/admin/.*', headerMatches: [{ name: 'X-User', value: '', mismatch: 'DELETE' }] } as const;
  const decider = compileHttpRules(ruleSet([{}, taken]));
  const saidOf = (target: string) => said(decider.decide(request(target)));
  assert.deepEqual([saidOf('/admin/x'), saidOf('/x')], ['ALLOW', 'ALLOW']);
  assert.deepEqual([saidOf('/%61dmin/x'), saidOf('/x/../admin/x')], ['DENY ambiguous', 'DENY ambiguous']);
});

/** How servers turn a target into the path that they route by; each as its documentation or source says. */
const servers: Readonly<Record<string, (path: string) => string | undefined>> = {
  'as it is': (path) => path,
  'WHATWG URL': (path) => new URL(path.replace(/^\/+/, '/'), 'http://web').pathname,
  'nginx: decode once, resolve, merge': (path) => resolve(decodeLoosely(path).replace(/\/{2,}/g, '/')),
  'decode twice, resolve, merge': (path) => resolve(decodeLoosely(decodeLoosely(path)).replace(/\/{2,}/g, '/')),
  'resolve, then decode': (path) => decodeLoosely(resolve(path)),
  'decode once, resolve, no merge': (path) => resolve(decodeLoosely(path)),
  'Java: parameters, decode, resolve, merge': (path) =>
    resolve(decodeLoosely(path.replace(/;[^/]*/g, '')).replace(/\/{2,}/g, '/')),
  'Windows: decode, backslash, resolve, merge': (path) =>
    resolve(
      decodeLoosely(path)
        .replaceAll('\\', '/')
        .replace(/\/{2,}/g, '/'),
    ),
  'decode, cut at a fragment or query': (path) => decodeLoosely(path).replace(/[?#].*/s, ''),
};

function decodeLoosely(path: string): string {
  return path.replace(/%([0-9A-Fa-f]{2})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)));
}

function resolve(path: string): string {
  const kept: string[] = [];
  for (const segment of path.split('/').slice(1)) {
    if (segment === '..') kept.pop();
    else if (segment !== '.') kept.push(segment);
  }
  return `/${kept.join('/')}`;
}

test('what is allowed below a prefix, no server reads as something outside it', () => {
  const decider = compileHttpRules(ruleSet([{ path: '/pub/.*' }]));
  const pieces = '/ // . .. %2e %2E %252e %2f %252F %5c \\ ; ;x %3b %23 %3f %25 pub admin a %61 %2561'.split(' ');
  const whole = '/../ /pub/ /%2e%2e/ /..;/ %c0%ae %00 %20'.split(' ');
  const piece = fc.constantFrom(...pieces, ...whole);
  const target = fc.array(piece, { maxLength: 10 }).map((chosen) => `/pub/${chosen.join('')}`);
  let allowed = 0;
  fc.assert(
    fc.property(target, (path) => {
      if (decider.decide(request(path)).verdict !== 'ALLOW') return;
      allowed += 1;
      for (const [server, read] of Object.entries(servers)) {
        assert.ok(read(path)?.startsWith('/pub/'), `${server} reads ${path} as ${read(path)}`);
      }
    }),
    { numRuns: 20_000, seed: 7 },
  );
  assert.ok(allowed > 100, `only ${allowed} targets were allowed: the test tries nothing`);
});
