/** Policies are read in a thread when they are large, and not again when nothing changed. */

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { PolicyReader } from '../../../src/policy/policy-reader.ts';
import { ingressKafka } from '../../kafka/policies.ts';
import { policyText } from './scene.ts';

const text = (name: string, topics: number): string =>
  ingressKafka(
    name,
    Array.from({ length: topics }, (_, index) => `{role: consume, topic: topic-${index}}`),
  );

function directory(t: { after(what: () => void): void }): string {
  const path = mkdtempSync(join(tmpdir(), 'sluice-policies-'));
  t.after(() => rmSync(path, { recursive: true }));
  return path;
}

test('a large policy, read in a thread, is what it would be read here', async (t) => {
  const path = directory(t);
  writeFileSync(join(path, 'small.yaml'), text('small', 1));
  const reader = new PolicyReader();
  const [small] = (await reader.read([path])).policies;
  writeFileSync(join(path, 'large.yaml'), text('large', 3000));
  const { policies, diagnostics } = await reader.read([path]);
  assert.deepEqual(diagnostics, []);
  assert.deepEqual(
    policies.map(({ name }) => name),
    ['large', 'small'],
  );
  assert.deepEqual(policies[1], small);
});

for (const [size, topics] of [
  ['small', 1],
  ['large', 3000],
] as const) {
  test(`${size} policies that did not change are not read again, what did is`, async (t) => {
    const path = directory(t);
    const file = join(path, 'one.yaml');
    writeFileSync(file, text('one', topics));
    const reader = new PolicyReader();
    const first = await reader.read([path]);
    assert.equal(first.policies[0]?.name, 'one');
    assert.equal(await reader.read([path]), first);
    writeFileSync(file, text('one', topics));
    assert.equal(await reader.read([path]), first, 'the same words written anew');
    writeFileSync(file, text('two', topics));
    assert.equal((await reader.read([path])).policies[0]?.name, 'two');
    writeFileSync(file, '');
    const [empty] = (await reader.read([path])).diagnostics;
    assert.match(empty?.message ?? '', /^the file is empty/);
    rmSync(file);
    assert.deepEqual(await reader.read([path]), { policies: [], diagnostics: [], files: [] });
  });
}

test('policies with secrets in files of their own are read each time', async (t) => {
  const path = directory(t);
  const file = join(path, 'secret.yaml');
  writeFileSync(join(path, 'token'), 'one');
  const rule = '{headerMatches: [{name: X-Token, secretFile: token}]}';
  const ports = `[{ports: [{port: "80", protocol: TCP}], rules: {http: [${rule}]}}]`;
  writeFileSync(file, policyText(`egress: [{toEntities: [world], toPorts: ${ports}}]`));
  const reader = new PolicyReader();
  const first = await reader.read([path]);
  assert.deepEqual(first.diagnostics, []);
  assert.deepEqual(first.files, [join(path, 'token')]);
  assert.notEqual(await reader.read([path]), first);
});

test('files that cannot be read are told of', async () => {
  const { diagnostics } = await new PolicyReader().read(['/nowhere/policies']);
  assert.equal(diagnostics[0]?.severity, 'error');
});
