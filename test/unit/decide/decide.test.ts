/** The verdict on one request, field by field. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compileHttpRules } from '../../../proxy/decide.ts';
import { request, ruleSet, said, verdict } from './request.ts';

test('an empty rule allows everything, no rule nothing', () => {
  assert.equal(verdict({}, '/any?thing', { method: 'PROPFIND', host: 'x' }), 'ALLOW');
  assert.equal(said(compileHttpRules(ruleSet([])).decide(request('/'))), 'DENY no-rule');
});

test('a path is matched in full and with its query', () => {
  assert.equal(verdict({ path: '/public' }, '/public'), 'ALLOW');
  assert.equal(verdict({ path: '/public' }, '/public/x'), 'DENY no-rule');
  assert.equal(verdict({ path: '/public' }, '/x/public'), 'DENY no-rule');
  assert.equal(verdict({ path: '/public' }, '/public?a=b'), 'DENY no-rule');
  assert.equal(verdict({ path: '/public(\\?.*)?' }, '/public?a=b'), 'ALLOW');
  assert.equal(verdict({ path: '/a|/b' }, '/a'), 'ALLOW');
  assert.equal(verdict({ path: '/a|/b' }, '/a/b'), 'DENY no-rule');
  assert.equal(verdict({ path: '^/a$' }, '/a'), 'ALLOW');
  assert.equal(verdict({ path: '/a.b' }, '/axb'), 'ALLOW');
  assert.equal(verdict({ path: '/a\\.b' }, '/axb'), 'DENY no-rule');
  assert.equal(verdict({ path: '/A' }, '/a'), 'DENY no-rule');
  assert.equal(verdict({ path: '(?i)/A' }, '/a'), 'ALLOW');
});

test('a method is a pattern, and its case counts', () => {
  assert.equal(verdict({ method: 'GET|HEAD' }, '/', { method: 'HEAD' }), 'ALLOW');
  assert.equal(verdict({ method: 'GET' }, '/', { method: 'get' }), 'DENY no-rule');
  assert.equal(verdict({ method: 'GET' }, '/', { method: 'GETX' }), 'DENY no-rule');
  assert.equal(verdict({ method: 'GET' }, '/', { method: 'XGET' }), 'DENY no-rule');
});

test('a host matches in any case, with its port or without', () => {
  const rule = { host: 'api\\.example\\.com' };
  assert.equal(verdict(rule, '/', { host: 'API.Example.com' }), 'ALLOW');
  assert.equal(verdict(rule, '/', { host: 'api.example.com:8080' }), 'ALLOW');
  assert.equal(verdict({ host: 'api\\.example\\.com:80' }, '/', { host: 'api.example.com:80' }), 'ALLOW');
  assert.equal(verdict({ host: 'api\\.example\\.com:80' }, '/', { host: 'api.example.com:81' }), 'DENY no-rule');
  assert.equal(verdict({ host: 'api\\.example\\.com:80' }, '/', { host: 'api.example.com' }), 'DENY no-rule');
  assert.equal(verdict(rule, '/', { host: 'api.example.com.evil' }), 'DENY no-rule');
  assert.equal(verdict(rule, '/', { host: 'api.example.com.' }), 'DENY no-rule');
  assert.equal(verdict(rule, '/', { host: '' }), 'DENY no-rule');
  for (const host of ['API\\.Example\\.com', 'Api[.]example[.]COM', 'A.*', 'Other|API[.]EXAMPLE[.][A-Z]+']) {
    assert.equal(verdict({ host }, '/', { host: 'api.EXAMPLE.com:80' }), 'ALLOW', host);
  }
  assert.equal(verdict({ host: '[^A]+' }, '/', { host: 'a' }), 'DENY no-rule');
  assert.equal(verdict({ host: '\\[fd00::1\\]' }, '/', { host: '[fd00::1]:80' }), 'ALLOW');
});

test('headers ask for presence or for the value', () => {
  const present = { headers: ['X-Token'] };
  assert.equal(verdict(present, '/', { fields: [['x-token', '']] }), 'ALLOW');
  assert.equal(verdict(present, '/', { fields: [['x-tokens', '']] }), 'DENY no-rule');
  const value = { headers: ['X-Token: a:b'] };
  assert.equal(verdict(value, '/', { fields: [['X-TOKEN', 'a:b']] }), 'ALLOW');
  assert.equal(verdict(value, '/', { fields: [['X-Token', 'a:B']] }), 'DENY no-rule');
  assert.equal(verdict(value, '/'), 'DENY no-rule');
});

test('a field that is sent twice must be right twice', () => {
  const rule = { headers: ['X-Role: user'] };
  const twice = (first: string, second: string) =>
    verdict(rule, '/', {
      fields: [
        ['X-Role', first],
        ['x-role', second],
      ],
    });
  assert.equal(twice('user', 'user'), 'ALLOW');
  assert.equal(twice('user', 'admin'), 'DENY no-rule');
  assert.equal(twice('admin', 'user'), 'DENY no-rule');
  assert.equal(verdict(rule, '/', { fields: [['x-role', 'user,admin']] }), 'DENY no-rule');
});

test('what depends on headers is not remembered', () => {
  const decider = compileHttpRules(ruleSet([{ headers: ['X: 1'] }]));
  assert.equal(said(decider.decide(request('/', { fields: [['x', '1']] }))), 'ALLOW');
  assert.equal(said(decider.decide(request('/', { fields: [['x', '2']] }))), 'DENY no-rule');
});

test('headerMatches without an action is a condition, with one a change', () => {
  assert.equal(verdict({ headerMatches: [{ name: 'X', value: '1' }] }, '/'), 'DENY no-rule');
  const decider = compileHttpRules(
    ruleSet([
      {
        headerMatches: [
          { name: 'X', value: '1', mismatch: 'ADD' },
          { name: 'Y', value: '2', mismatch: 'REPLACE' },
        ],
      },
      { path: '/a', headerMatches: [{ name: 'Z', value: '3', mismatch: 'LOG' }] },
    ]),
  );
  const edits = (target: string, fields: [string, string][]): string[] => {
    const decision = decider.decide(request(target, { fields }));
    assert.equal(decision.verdict, 'ALLOW');
    return decision.verdict === 'ALLOW' ? decision.edits.map(({ match }) => `${match.mismatch} ${match.name}`) : [];
  };
  assert.deepEqual(edits('/b', [['x', '1']]), ['REPLACE Y']);
  assert.deepEqual(edits('/a', [['y', '2']]), ['ADD X', 'LOG Z']);
  assert.deepEqual(
    edits('/b', [
      ['x', '1'],
      ['y', '2'],
    ]),
    [],
  );
});

test('a condition does not hold beside a field that servers may take for its own', () => {
  for (const rule of [
    { headers: ['X-Role: user'] },
    { headers: ['x-role'] },
    { headerMatches: [{ name: 'X-Role' }] },
  ]) {
    const beside = (...names: string[]) =>
      verdict(rule, '/', { fields: [['X-Role', 'user'], ...names.map((name) => [name, 'admin'] as const)] });
    assert.equal(beside(), 'ALLOW');
    for (const name of ['X_Role', 'x_role', 'X.Role', 'X!ROLE']) assert.equal(beside(name), 'DENY ambiguous');
    for (const name of ['X-Roles', 'X_Roles', 'XRole', 'Y_Role', 'X--Role']) assert.equal(beside(name), 'ALLOW');
  }
  assert.equal(verdict({ headers: ['X-Role'] }, '/', { fields: [['X_Role', 'user']] }), 'DENY no-rule');
  // What another rule allows whatever its header it allows with this one, too.
  const decider = compileHttpRules(ruleSet([{ headers: ['X-Role: user'] }, { path: '/open' }]));
  const fields = [
    ['X-Role', 'user'],
    ['X_Role', 'admin'],
  ] as const;
  assert.equal(said(decider.decide(request('/open', { fields }))), 'ALLOW');
  assert.equal(said(decider.decide(request('/else', { fields }))), 'DENY ambiguous');
});

test('a header that is taken away is not left under a name with underscores', () => {
  for (const mismatch of ['DELETE', 'REPLACE'] as const) {
    const decider = compileHttpRules(ruleSet([{ headerMatches: [{ name: 'X-Auth-User', value: 'me', mismatch }] }]));
    const edits = (...names: string[]) => {
      const decision = decider.decide(request('/', { fields: names.map((name) => [name, 'me'] as const) }));
      return decision.verdict === 'ALLOW' ? decision.edits.length : -1;
    };
    assert.equal(edits('X-Auth-User'), 0);
    for (const other of ['X_Auth_User', 'x-auth_user', 'X_AUTH-USER', 'x.auth!user'])
      assert.equal(edits('X-Auth-User', other), 1);
    assert.equal(edits('X-Auth-User', 'X-Auth-Users'), 0);
  }
});

test('the detail tells which headers are not as they should be, without their values', () => {
  const decider = compileHttpRules(
    ruleSet([{ headerMatches: [{ name: 'X-Token', value: 'secret', mismatch: 'LOG' }] }]),
  );
  const detail = (value: string): string | undefined =>
    decider.decide(request('/', { fields: [['x-token', value]] })).detail;
  assert.deepEqual([detail('secret'), detail('other')], [undefined, 'not as the rules want it: X-Token (LOG)']);
});

test('the rule that allows is the first that matches', () => {
  const decider = compileHttpRules(ruleSet([{ path: '/a.*' }, { path: '/ab' }, {}]));
  const by = (target: string): string | undefined => {
    const decision = decider.decide(request(target));
    return decision.verdict === 'ALLOW' ? decision.rule.rule.slice(-7) : undefined;
  };
  assert.deepEqual([by('/ab'), by('/b')], ['http[0]', 'http[2]']);
});

test('a gRPC rule is POST to one path', () => {
  const decider = compileHttpRules(ruleSet([], [{ service: 'a.B', method: 'C' }, { service: 'a.D' }]));
  const call = (target: string, method = 'POST') => said(decider.decide(request(target, { method })));
  assert.equal(call('/a.B/C'), 'ALLOW');
  assert.equal(call('/a.D/Any'), 'ALLOW');
  for (const target of [
    '/a.B/D',
    '/a.B/C/',
    '/a.B/C?x',
    '/a.D/',
    '/a.D/X/Y',
    '/a.D/X?',
    '/a.d/X',
    '/a.DX/Y',
    'a.B/C',
  ]) {
    assert.notEqual(call(target), 'ALLOW', target);
  }
  assert.equal(call('/a.B/C', 'GET'), 'DENY no-rule');
  assert.equal(call('//a.B/C'), 'DENY ambiguous');
});

test('audit says what it would have done', () => {
  const decider = compileHttpRules(ruleSet([{ path: '/a' }], [], true));
  assert.equal(said(decider.decide(request('/a'))), 'ALLOW');
  assert.equal(said(decider.decide(request('/b'))), 'AUDIT no-rule');
  assert.equal(said(decider.decide(request('/b/%2e%2e/a'))), 'AUDIT ambiguous');
});

test('the same rules with and without audit are two deciders', () => {
  const enforced = ruleSet([{ path: '/a' }]);
  assert.equal(said(compileHttpRules(enforced).decide(request('/b'))), 'DENY no-rule');
  assert.equal(said(compileHttpRules({ ...enforced, audit: true }).decide(request('/b'))), 'AUDIT no-rule');
});

test('verdicts are forgotten before they fill the memory, and stay the same', () => {
  const decider = compileHttpRules(ruleSet([{ path: '/ok/[0-9]+' }]));
  for (let round = 0; round < 2; round++) {
    for (let i = 0; i < 10_000; i++) {
      assert.equal(decider.decide(request(`/ok/${i}`)).verdict, 'ALLOW');
      assert.equal(decider.decide(request(`/no/${i}`)).verdict, 'DENY');
    }
  }
});
