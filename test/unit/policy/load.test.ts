/** Files and directories, duplicates, `sluice policy check`, the examples, and time. */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { apis } from '../../../proxy/kafka/apis.ts';
import { limits } from '../../../src/limits.ts';
import { judgedKafkaApis } from '../../../src/policy/kafka-apis.ts';
import { formatDiagnostic, loadPolicies } from '../../../src/policy/load.ts';
import { PolicyResolver } from '../../../src/policy/resolve.ts';
import { member, parsed, policyText } from './scene.ts';

const root = join(dirname(fileURLToPath(import.meta.url)), '../../..');
const examples = join(root, 'policies/examples');

function directory(t: TestContext, files: Readonly<Record<string, string | Uint8Array>> = {}): string {
  const path = mkdtempSync(join(tmpdir(), 'sluice-policies-'));
  t.after(() => rmSync(path, { recursive: true }));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(path, name), text);
  return path;
}

function loaded(...paths: string[]): { names: string[]; messages: string[] } {
  const { policies, diagnostics } = loadPolicies(paths);
  return { names: policies.map(({ name }) => name), messages: diagnostics.map(formatDiagnostic) };
}

test('an empty file is no file without policies, but one that is just being written', (t) => {
  const path = directory(t, { 'a.yaml': policyText('ingress: [{}]', { name: 'a' }), 'b.yaml': '' });
  const { names, messages } = loaded(path);
  assert.deepEqual(names, ['a']);
  assert.deepEqual(messages.length, 1);
  assert.match(messages[0] ?? '', /b\.yaml:1:1: .*is empty, as one that is just being written/);
});

test('a directory is its own yaml files, in order', (t) => {
  const path = directory(t, {
    'b.yaml': policyText('ingress: [{}]', { name: 'b' }),
    'a.yml': policyText('ingress: [{}]', { name: 'a' }),
    '.c.yaml': 'not: read',
    'd.yaml~': 'not: read',
    'e.txt': 'not: read',
  });
  mkdirSync(join(path, 'deeper'));
  symlinkSync(join(path, 'e.txt'), join(path, 'deeper', 'x.yaml'));
  assert.deepEqual(loaded(path), { names: ['a', 'b'], messages: [] });
  assert.deepEqual(loaded(join(path, 'b.yaml'), path), { names: ['b', 'a'], messages: [] }, 'a file counts once');
  assert.deepEqual(loaded(directory(t)), { names: [], messages: [] });
});

test('what cannot be read is an error with its path', (t) => {
  const path = directory(t, {
    'latin.yaml': Uint8Array.of(0x61, 0xe4),
    'big.yaml': ' '.repeat(limits.policyFileBytes + 1),
  });
  symlinkSync('nowhere', join(path, 'dangling.yaml'));
  mkdirSync(join(path, 'dir.yaml'));
  const { messages } = loaded(path, '/nonexistent/p.yaml');
  assert.equal(messages.length, 5);
  for (const [i, error] of [
    /^\/nonexistent\/p\.yaml:1:1: does not exist; give/,
    /big\.yaml:1:1: the file has \d+ bytes; .*split it/,
    /dangling\.yaml:1:1: does not exist/,
    /dir\.yaml:1:1: cannot be read \(EISDIR\)/,
    /latin\.yaml:1:1: is not UTF-8/,
  ].entries()) {
    assert.match(messages.toSorted()[i] ?? '', error);
  }
});

test('two policies of one name are an error that names both places', (t) => {
  const one = policyText('ingress: [{}]', { name: 'same' });
  const path = directory(t, {
    'a.yaml': one,
    'b.yaml': one,
    'c.yaml': one.replace('name: same', 'name: same\n  namespace: other'),
    'd.yaml': one.replace('Network', 'ClusterwideNetwork'),
  });
  const { messages } = loaded(path);
  assert.equal(messages.length, 1);
  assert.match(messages[0] ?? '', /b\.yaml:4:9: the CiliumNetworkPolicy default\/same stands at .*a\.yaml:4:9 already/);
});

test('HTTP and Kafka for the same peer and port are an error that names both', (t) => {
  const rule = (name: string, peer: string, port: number, l7: string) =>
    policyText(`ingress: [{${peer}toPorts: [{ports: [{port: ${port}, protocol: TCP}], rules: {${l7}}}]}]`, { name });
  const client = 'fromEndpoints: [{matchLabels: {app: client}}], ';
  const http = rule('h', client, 9092, 'http: [{}]');
  for (const [kafka, errors] of [
    [rule('k', client, 9092, 'kafka: [{}]'), 1],
    [rule('k', '', 9092, 'kafka: [{}]'), 1],
    [rule('k', client, 9093, 'kafka: [{}]'), 0],
    [rule('k', 'fromEndpoints: [{matchLabels: {app: other}}], ', 9092, 'kafka: [{}]'), 0],
  ] as const) {
    const { messages } = loaded(directory(t, { 'h.yaml': http, 'k.yaml': kafka }));
    assert.equal(messages.length, errors);
    if (errors === 1)
      assert.match(messages[0] ?? '', /k\.yaml:7:\d+: kafka rules here and http rules in default\/h .*h\.yaml:7/);
  }
});

function check(...args: string[]): { code: number | null; out: string; err: string } {
  const result = spawnSync(join(root, 'bin/sluice'), ['policy', 'check', ...args], {
    encoding: 'utf8',
    timeout: 30_000,
  });
  return { code: result.status, out: result.stdout, err: result.stderr };
}

test('sluice policy check: 0 with hints only, 1 with an error, 2 without a file', (t) => {
  const path = directory(t, {
    'bad.yaml': policyText('ingress: [{fromCIDR: [x]}]', { name: 'bad' }),
    'good.yaml': policyText('ingress: [{fromEntities: [host]}]', { name: 'good' }),
    'hint.yaml': policyText(
      'ingress: [{toPorts: [{ports: [{port: 80, protocol: TCP}], rules: {http: [{path: /a}]}}]}]',
      { name: 'hint' },
    ),
  });
  const good = check(join(path, 'good.yaml'));
  assert.deepEqual([good.code, good.out, good.err], [0, '1 policy, no error\n', '']);
  const hint = check(join(path, 'hint.yaml'));
  assert.equal(hint.code, 0);
  assert.match(
    hint.out,
    /hint\.yaml:7:\d+: hint: path: never matches a request with a query.*\n1 policy, 1 hint, no error\n$/,
  );
  const bad = check(path);
  assert.equal(bad.code, 1);
  assert.match(bad.out, /bad\.yaml:7:25: "x" is not an address prefix/);
  assert.equal(bad.err, 'sluice: 1 error; the agent would keep the policies that are in force\n');
  const json = check('-o', 'json', path);
  assert.equal(json.code, 1);
  const { policies, diagnostics } = JSON.parse(json.out);
  assert.deepEqual([policies.length, diagnostics.length], [2, 2]);
  assert.deepEqual(policies[0], {
    kind: 'CiliumNetworkPolicy',
    namespace: 'default',
    name: 'good',
    file: join(path, 'good.yaml'),
    audit: false,
  });
  assert.equal(check().code, 2);
});

test('an API key can be named in a policy exactly when the proxy judges it', () => {
  assert.deepEqual([...judgedKafkaApis].sort(), [...apis.values()].map(({ name }) => name).sort());
});

test('every example is free of errors', () => {
  const { names, messages } = loaded(examples);
  assert.deepEqual(messages, []);
  assert.ok(names.length >= readdirSync(examples).filter((name) => name.endsWith('.yaml')).length);
});

/** How long that takes is told, not judged: 300 ms where nothing else runs. The deadline is for what grows with the square. */
test('10,000 rules are resolved', { timeout: 60_000 }, (t) => {
  const rules = Array.from({ length: 10_000 }, (_, i) => {
    const port = `ports: [{port: ${1 + (i % 60_000)}, protocol: TCP}]`;
    switch (i % 4) {
      case 0:
        return `  - {fromCIDR: [10.${i >> 8}.${i & 255}.0/24], toPorts: [{${port}}]}`;
      case 1:
        return `  - {fromEndpoints: [{matchLabels: {app: a${i % 100}}}], toPorts: [{${port}}]}`;
      case 2:
        return `  - {fromEndpoints: [{matchLabels: {app: a${i % 100}}}], toPorts: [{${port}, rules: {http: [{path: /${i}}]}}]}`;
      default:
        return `  - {fromEndpoints: [{}], toPorts: [{${port}}]}`;
    }
  });
  const policies = Array.from({ length: 10 }, (_, i) =>
    parsed(
      policyText(`ingress:\n${rules.slice(i * 1000, (i + 1) * 1000).join('\n')}`, { name: `p${i}`, subject: '{}' }),
    ),
  ).flat();
  const members = Array.from({ length: 100 }, (_, i) => member(`a${i}`, `172.16.0.${i}`, { local: i < 50 }));
  const started = performance.now();
  const { endpoints, identities } = new PolicyResolver().resolve({ policies, members, hostAddresses: [] });
  t.diagnostic(`${Math.round(performance.now() - started)} ms`);
  assert.equal(endpoints.length, 50);
  assert.ok(identities.length > 2500);
});
