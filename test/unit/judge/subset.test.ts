/**
 * What the kernel's automaton accepts, the proxy's scanner and `decide()` allow, with the same body and by the same rule;
 * and of what they allow and is plain, it accepts nearly all.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { compileJudge } from '../../../src/judge/compile.ts';
import { judgeHead } from '../../../src/judge/judge-head.ts';
import { allowedByProxy, type Call, type Rule, ruleSet } from './rule-sets.ts';

function optional<T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> {
  return fc.option(arbitrary, { nil: undefined });
}

const method = fc.constantFrom('GET', 'POST', 'GET|HEAD', 'P.*', '[A-Z]+', '(?i)get', 'CONNECT', '.*', 'OPTIONS');
const path = fc.oneof(
  fc.constantFrom('/', '/a', '/a/b', '/a/.*', '/a/[0-9]+', '/a(/.*)?', '.*', '/.*', '/(a|b)/c', '.*/b', '/[^?]*'),
  fc.constantFrom('/a/b\\?.*', '/a\\?x=[0-9]{1,3}', '/.*/c/.*', '/%41', '/a/\\.\\./b', '(?i)/A/B', '/a$', '^/b', ''),
  fc.stringMatching(/^\/[ab]{1,2}(\/[abc.]{1,2}){0,2}$/),
);
const hostRule = fc.constantFrom(
  'a.example',
  'A.example',
  '[ab]\\.example(:80)?',
  '.*',
  '.*\\.example',
  'a$',
  '(?i)B.*',
);
const field = fc.constantFrom(
  'X-Token: abc',
  'X-Token: abd',
  'x-token',
  'X-Other: a b',
  'X-Empty:',
  'Host: a',
  'X_Y: 1',
);
const headerMatch = fc.constantFrom(
  { name: 'X-Token', value: 'abc' },
  { name: 'X-Other' },
  { name: 'X-Token', value: 'abc', mismatch: 'ADD' as const },
  { name: 'X-Other', mismatch: 'LOG' as const },
);
const rule: fc.Arbitrary<Rule> = fc
  .tuple(
    optional(method),
    optional(path),
    fc.oneof({ weight: 2, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: hostRule }),
    fc.oneof(
      { weight: 3, arbitrary: fc.constant(undefined) },
      { weight: 1, arbitrary: fc.array(field, { maxLength: 2 }) },
    ),
    fc.oneof(
      { weight: 25, arbitrary: fc.constant(undefined) },
      { weight: 1, arbitrary: fc.array(headerMatch, { maxLength: 2 }) },
    ),
  )
  .map(([method, path, host, headers, headerMatches]) => ({
    ...(method === undefined ? {} : { method }),
    ...(path === undefined ? {} : { path }),
    ...(host === undefined ? {} : { host }),
    ...(headers === undefined ? {} : { headers }),
    ...(headerMatches === undefined ? {} : { headerMatches }),
  }));
const call: fc.Arbitrary<Call> = fc.constantFrom({ service: 'a', method: 'b' }, { service: 'a.b' }, { service: 'b' });

const segment = fc.constantFrom('a', 'b', 'c', 'ab', 'A', 'B', '0', '17', 'x.y', '-', '~a', "a'b", '(', ':', '@');
const oddSegment = fc.constantFrom(
  '',
  '.',
  '..',
  '...',
  '.a',
  '..a',
  'a;b',
  '%41',
  '%2e',
  'a\\b',
  'é',
  '#',
  '%00',
  '"',
  '{',
);
const query = fc.constantFrom('', '', '?', '?x=1', '?x=12&y=/../', '?a=%20', '??', '?x=1#', '?;"{');
const target = fc
  .tuple(
    fc.array(fc.oneof({ weight: 8, arbitrary: segment }, { weight: 1, arbitrary: oddSegment }), { maxLength: 4 }),
    query,
  )
  .map(([segments, text]) => `/${segments.join('/')}${text}`);
const requestMethod = fc.constantFrom(
  'GET',
  'GET',
  'POST',
  'HEAD',
  'PUT',
  'CONNECT',
  'OPTIONS',
  'get',
  'M-SEARCH',
  'G_T',
);
const host = fc.constantFrom('a.example', 'A.Example', 'b.example:80', 'a', 'c.d.example', 'B', 'a.example:8080');
const plainField = fc.constantFrom(
  'Accept: */*',
  'User-Agent: curl/8',
  'Content-Length: 0',
  'content-length: 17',
  'Connection: keep-alive',
  'connection:Close',
  'X-Token: abc',
  'x-token:abd',
  'X-Token: abc  ',
  'X-Other: a b',
  'x-other: a',
  'X-Empty:',
  'Cookie: a=b; c=d',
  'hosts: x',
  'conten: 5',
  'X-Long:  é ÿ',
  'a:',
  'Referer: http://a/',
  'tex: 1',
  'Content-Lengths: 5',
);
const oddField = fc.constantFrom(
  'Content-Length: 017',
  'Content-Length: +5',
  'Content-Length: 5, 5',
  'Content-Length: 5 ',
  'Content-Length:',
  'Transfer-Encoding: chunked',
  'Upgrade: websocket',
  'Expect: 100-continue',
  'TE: trailers',
  'Trailer: x',
  'Content_Length: 5',
  'Connection: upgrade',
  'Connection: x, close',
  'Host: b',
  'host : b',
  ' folded',
  'X-A\0: 1',
  'Host: a b',
  'Host: [::1]:80',
  'Host: a@b',
  'Host:',
  'X: \x01',
  'X: a\rb',
  'X: a\nb',
  ': x',
  'no colon',
  'Ab\xe9: 1',
  'Content-Length: 99999999999',
  'Content-Length: 9999999999',
  'Content-Length: 5\xa0',
  'Host: a\xa0',
  'X-Token: abc\xa0',
  'Proxy-Connection: close',
  'X-Token: abc \t',
  'Host:\ta',
  'Cookies:\ta\tb',
  'HTTP2-Settings: x',
  'X_Y: 1',
  'X.Y: 1',
  'X-Token: abcd',
  'X-Token: ABC',
);

interface Head {
  readonly method: string;
  readonly target: string;
  readonly version: string;
  readonly fields: readonly string[];
}

function text({ method, target, version, fields }: Head): Buffer {
  return Buffer.from(`${method} ${target} ${version}\r\n${fields.map((line) => `${line}\r\n`).join('')}\r\n`, 'latin1');
}

const hostField = host.map((name) => `Host: ${name}`);
const anyField = fc.oneof(
  { weight: 5, arbitrary: plainField },
  { weight: 2, arbitrary: hostField },
  { weight: 1, arbitrary: oddField },
);
const head = fc
  .record({
    method: requestMethod,
    target: fc.oneof(
      { weight: 20, arbitrary: target },
      { weight: 1, arbitrary: fc.constantFrom('*', 'a', 'http://a/', '//') },
    ),
    version: fc.constantFrom('HTTP/1.1', 'HTTP/1.1', 'HTTP/1.1', 'HTTP/1.1', 'HTTP/1.0', 'HTTP/1.2', 'http/1.1'),
    fields: fc.oneof(
      { weight: 1, arbitrary: fc.array(anyField, { maxLength: 5 }) },
      {
        weight: 3,
        arbitrary: fc.tuple(hostField, fc.array(plainField, { maxLength: 4 })).map(([name, rest]) => [...rest, name]),
      },
    ),
  })
  .map(text);

interface Change {
  readonly at: number;
  readonly remove: number;
  readonly insert: string;
}
const change: fc.Arbitrary<Change> = fc.record({
  at: fc.nat(400),
  remove: fc.nat(3),
  insert: fc.oneof(
    fc.constantFrom(
      '\r',
      '\n',
      '\r\n',
      ' ',
      '\t',
      '\0',
      ':',
      '/',
      '//',
      '/..',
      '%',
      '?',
      '#',
      ';',
      '\\',
      '\x7f',
      '\xa0',
      '_',
    ),
    fc.string({ unit: 'binary-ascii', maxLength: 2 }),
    fc.constantFrom(
      'Host: b\r\n',
      'Content-Length: 5\r\n',
      'Transfer-Encoding: chunked\r\n',
      ' HTTP/1.1\r\n',
      '\r\n\r\n',
    ),
  ),
});

function changed(bytes: Buffer, { at, remove, insert }: Change): Buffer {
  const place = at % (bytes.length + 1);
  return Buffer.concat([bytes.subarray(0, place), Buffer.from(insert, 'latin1'), bytes.subarray(place + remove)]);
}

const heads = fc.oneof(
  { weight: 2, arbitrary: head },
  {
    weight: 1,
    arbitrary: fc
      .tuple(head, fc.array(change, { minLength: 1, maxLength: 2 }))
      .map(([one, changes]) => changes.reduce(changed, one)),
  },
);
const rules = fc.tuple(
  fc.array(rule, { minLength: 1, maxLength: 8 }),
  fc.oneof({ weight: 3, arbitrary: fc.constant([]) }, { weight: 1, arbitrary: fc.array(call, { maxLength: 2 }) }),
);

test('what the automaton accepts, the proxy allows, with the same framing', () => {
  const seen = { heads: 0, accepted: 0 };
  fc.assert(
    fc.property(rules, fc.array(heads, { minLength: 60, maxLength: 60 }), ([http, grpc], list) => {
      const set = ruleSet(http, grpc);
      const result = compileJudge(set);
      if (!('table' in result)) return;
      for (const bytes of list) {
        seen.heads++;
        const own = judgeHead(result.table, bytes);
        if (!own.accepted) continue;
        seen.accepted++;
        const proxy = allowedByProxy(set, bytes);
        const shown = JSON.stringify(bytes.toString('latin1'));
        assert.ok(proxy, `accepted, but not allowed: ${shown}`);
        assert.equal(own.length, proxy.length, shown);
        assert.equal(own.contentLength, proxy.body, shown);
        const rule = set.http[own.rule] ?? set.grpc[own.rule - set.http.length];
        if (result.notes.length === 0) assert.equal(rule?.ref.rule, proxy.rule, shown);
        assert.ok(bytes.toString('latin1').startsWith(`${own.method} ${own.target} HTTP/1.1\r\n`), shown);
        assert.ok(bytes.toString('latin1').includes(own.host), shown);
      }
    }),
    { numRuns: 400, interruptAfterTimeLimit: 60_000 },
  );
  assert.ok(seen.accepted > 500, `only ${seen.accepted} of ${seen.heads} accepted`);
});

test('of what the proxy allows and is plain, the automaton accepts 99 %', () => {
  const plainHead = fc
    .record({
      method: fc.constantFrom('GET', 'POST', 'PUT', 'HEAD', 'DELETE'),
      target: fc
        .tuple(fc.array(segment, { maxLength: 4 }), fc.constantFrom('', '?x=1', '?a=%20b&c=d'))
        .map(([segments, rest]) => `/${segments.join('/')}${rest}`),
      version: fc.constant('HTTP/1.1'),
      fields: fc
        .tuple(
          hostField,
          fc.uniqueArray(plainField, { maxLength: 4, selector: (line) => line.split(':')[0]?.toLowerCase() }),
        )
        .map(([name, rest]) => [name, ...rest]),
    })
    .map(text);
  const counts = { allowed: 0, accepted: 0 };
  fc.assert(
    fc.property(rules, fc.array(plainHead, { minLength: 40, maxLength: 40 }), ([http, grpc], list) => {
      const set = ruleSet(http, grpc);
      const result = compileJudge(set);
      if (!('table' in result) || result.notes.length > 0) return;
      for (const bytes of list) {
        if (!allowedByProxy(set, bytes)?.plain) continue;
        counts.allowed++;
        if (judgeHead(result.table, bytes).accepted) counts.accepted++;
      }
    }),
    { numRuns: 200, interruptAfterTimeLimit: 30_000 },
  );
  assert.ok(counts.allowed > 500, `only ${counts.allowed} allowed`);
  assert.ok(counts.accepted >= counts.allowed * 0.99, `${counts.accepted} of ${counts.allowed}`);
});
