/** Hints: each trap has one, and what is well written has none. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { policyHints } from '../../../src/policy/hints.ts';
import { patternHints } from '../../../src/policy/pattern-hints.ts';
import { parsed, policyText } from './scene.ts';

test('patterns that compile and do not mean what they look like', () => {
  const query = /never matches a request with a query/;
  const cases: [field: 'method' | 'path' | 'host', pattern: string, ...hints: RegExp[]][] = [
    ['path', '/image/[0-9]+', query],
    ['path', '/image/[^/?]+', query],
    ['path', '/image/.*'],
    ['path', '/shop\\.v1\\.Cart/Add'],
    ['path', '/image/[0-9]+(\\?.*)?'],
    ['path', '/image/[0-9]+(?:\\?a=\\d+)?'],
    ['path', '/image/[^/]+'],
    ['path', '/image/\\S+'],
    ['path', '/image/\\x3f'],
    ['path', '/a(?i:b)', query],
    ['path', '/a\\Q?\\E'],
    ['path', '/a/[[:punct:]]*'],
    ['path', '/a?', query],
    ['path', '.*'],
    ['path', '^/image/.*$', /\^ and \$ change nothing, .* write "\/image\/\.\*"/],
    ['path', '/cost\\$', query],
    ['path', '/image/.*$', /change nothing/],
    ['path', 'image/.*', /a path starts with "\/"; write "\/image\/\.\*"/],
    ['path', '.*/public', /anything may stand before/],
    ['path', '/public.*', /also matches longer names, like "\/publicx"/],
    ['method', 'get', /write "GET"/],
    ['method', 'get|put', /write "GET\|PUT"/],
    ['method', 'GET|PUT'],
    ['method', '(?i)get'],
    ['host', 'images\\.example'],
    ['host', 'images.example', /"\." matches any character/],
    ['host', '[a-z]+\\.example(:\\d+)?'],
    ['host', '.*example', /other domains that end in the same letters/],
    ['host', 'example\\.com.*', /every domain that begins with this one/],
  ];
  for (const [field, pattern, ...hints] of cases) {
    const found = patternHints(field, pattern);
    assert.equal(found.length, hints.length, `${field} ${pattern}: ${found.join(' | ')}`);
    for (const [i, hint] of hints.entries()) assert.match(found[i] ?? '', hint);
  }
});

function hintsOf(...texts: string[]): string[] {
  return policyHints(parsed(...texts)).map(({ file, line, column, message }) => `${file}:${line}:${column} ${message}`);
}

const l7 = 'toPorts: [{ports: [{port: 80, protocol: TCP}], rules: {http: [{path: /a/.*}]}}]';
const client = 'fromEndpoints: [{matchLabels: {app: client}}]';

test('L7 rules beside a plain allow of the same peer and port', () => {
  const shadowing = [
    `{${client}, toPorts: [{ports: [{port: 70, endPort: 90}]}]}`,
    `{${client}}`,
    '{fromEndpoints: [{}]}',
    '{toPorts: [{ports: [{port: 80, protocol: TCP}]}]}',
    '{fromEntities: [cluster]}',
    '{fromEntities: [all]}',
  ];
  for (const rule of shadowing) {
    const [hint, ...more] = hintsOf(policyText(`ingress: [{${client}, ${l7}}, ${rule}]`));
    assert.match(hint ?? '', /^0\.yaml:7:\d+ the Layer-7 rules have no effect: default\/p ingress\[1\]/, rule);
    assert.deepEqual(more, []);
  }
  const apart = [
    `{${client}, toPorts: [{ports: [{port: 81, endPort: 90}]}]}`,
    `{${client}, toPorts: [{ports: [{port: 80, protocol: UDP}]}]}`,
    '{fromEndpoints: [{matchLabels: {app: other}}]}',
    '{fromEndpoints: [{matchLabels: {app: client, tier: a}}]}',
    '{fromEntities: [world]}',
    '{fromCIDR: [10.0.0.0/8]}',
    '{fromEndpoints: []}',
  ];
  for (const rule of apart) assert.deepEqual(hintsOf(policyText(`ingress: [{${client}, ${l7}}, ${rule}]`)), [], rule);
  assert.deepEqual(hintsOf(policyText(`ingress: [{${l7}}]\negress: [{toEntities: [all]}]`)), []);
});

test('across policies, by what each selects', () => {
  const plain = (subject: string, annotation = '') =>
    policyText(`ingress: [{${client}}]`, { name: 'plain', subject, annotation });
  const judged = policyText(`ingress: [{${client}, ${l7}}]`, { subject: '{app: server, tier: back}' });
  assert.match(
    hintsOf(judged, plain('{app: server}'))[0] ?? '',
    /no effect: default\/plain ingress\[0\] \(1\.yaml:7\)/,
  );
  assert.equal(hintsOf(judged, plain('{}')).length, 1);
  assert.deepEqual(hintsOf(judged, plain('{app: other}')), []);
  assert.deepEqual(hintsOf(judged, plain('{app: server}', 'sluice.io/enforcement: audit')), []);
});

test('an allow that a deny hides', () => {
  const allow = 'ingress: [{fromCIDR: [10.1.0.0/16], toPorts: [{ports: [{port: 80, protocol: TCP}]}]}]';
  const denies: [string, boolean][] = [
    ['{fromCIDR: [10.0.0.0/8]}', true],
    ['{fromEntities: [world], toPorts: [{ports: [{port: 80}]}]}', true],
    ['{fromCIDRSet: [{cidr: 10.0.0.0/8, except: [10.1.0.0/16]}]}', false],
    ['{fromCIDR: [10.1.1.0/24]}', false],
    ['{toPorts: [{ports: [{port: 81}]}]}', false],
  ];
  for (const [deny, hides] of denies) {
    const found = hintsOf(policyText(`${allow}\ningressDeny: [${deny}]`));
    assert.deepEqual(found.length, hides ? 1 : 0, deny);
    if (hides) assert.match(found[0] ?? '', /has no effect on TCP port 80: default\/p ingressDeny\[0\].* denies it/);
  }
});

test('hints stand at the value, in the order of the places', () => {
  const hints = hintsOf(
    policyText(
      'ingress:\n  - toPorts:\n    - ports: [{port: 80, protocol: TCP}]\n      rules:\n        http:\n        - {path: /a, method: get}',
    ),
  );
  assert.deepEqual(
    hints.map((hint) => hint.replace(/: .*/, '')),
    [
      // Nothing that a client sends matches it.
      '0.yaml:9:9 the proxy judges by all of these rules, not the kernel, which costs more',
      '0.yaml:12:20 path',
      '0.yaml:12:32 method',
    ],
  );
});

test('rules that the kernel does not judge by', () => {
  const http = (...rules: string[]): string[] =>
    hintsOf(
      policyText(
        `ingress:\n  - toPorts:\n    - ports: [{port: 80, protocol: TCP}]\n      rules:\n        http:\n${rules
          .map((rule) => `        - ${rule}\n`)
          .join('')}`,
      ),
    );
  const proxied = /^0\.yaml:13:\d+ the proxy judges by this rule, not the kernel, .*: /;
  const plain = '{path: /a/.*, method: GET}';
  assert.deepEqual(http(plain, '{path: /b/.*, headers: ["X-Token: a"]}'), []);
  const cases: [rule: string, reason: RegExp][] = [
    ['{path: /b/.*, headerMatches: [{name: X-Token, value: a, mismatch: ADD}]}', /: it changes headers$/],
    ['{path: /b/.*, headers: ["X_Y: a"]}', /: a header name with other characters than letters/],
    ['{path: /b/.*, headers: ["Host: a"]}', /: a condition on the header Host$/],
    ['{path: "/b/.*\\\\bc/.*"}', /: `\\b`$/],
  ];
  for (const [rule, reason] of cases) {
    const [hint, ...more] = http(plain, rule);
    assert.match(hint ?? '', proxied, rule);
    assert.match(hint ?? '', reason, rule);
    assert.deepEqual(more, [], rule);
  }
});

test('a list of rules of which the kernel judges by none', () => {
  const [hint, ...more] = hintsOf(
    policyText(
      'ingress: [{toPorts: [{ports: [{port: 80, protocol: TCP}], rules: {http: [{path: "/\\\\bb/.*", headerMatches: [{name: X-A, value: a, mismatch: ADD}]}]}}]}]',
    ),
  );
  assert.match(hint ?? '', /^0\.yaml:7:\d+ the proxy judges by all of these rules, .* changes headers and has /);
  assert.deepEqual(more, []);
});
