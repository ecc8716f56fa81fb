/** Policies are read in a thread when they are large, and not again when nothing changed. */

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { limits } from '../../../src/limits.ts';
import { PolicyReader } from '../../../src/policy/policy-reader.ts';
import { ingressKafka } from '../../kafka/policies.ts';
import { eventually } from '../../netns/eventually.ts';
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

const settled = (path: string): Promise<true> =>
  eventually('the file is old enough', () => Date.now() - statSync(path).ctimeMs > limits.policySettledMs || undefined);

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

test('what did not change is not read again, what did is', async (t) => {
  const path = directory(t);
  const file = join(path, 'one.yaml');
  writeFileSync(file, text('one', 1));
  const reader = new PolicyReader();
  const young = await reader.read([path]);
  assert.notEqual(await reader.read([path]), young, 'a file that has just changed may change again unseen');
  await settled(file);
  const first = await reader.read([path]);
  assert.equal(await reader.read([path]), first);
  writeFileSync(file, text('two', 1));
  assert.equal((await reader.read([path])).policies[0]?.name, 'two');
  await settled(file);
  assert.equal((await reader.read([path])).policies[0]?.name, 'two');
  rmSync(file);
  assert.deepEqual((await reader.read([path])).policies, []);
});

test('policies with secrets in files of their own are read each time', async (t) => {
  const path = directory(t);
  const file = join(path, 'secret.yaml');
  writeFileSync(join(path, 'token'), 'one');
  const rule = '{headerMatches: [{name: X-Token, secretFile: token}]}';
  const ports = `[{ports: [{port: "80", protocol: TCP}], rules: {http: [${rule}]}}]`;
  writeFileSync(file, policyText(`egress: [{toEntities: [world], toPorts: ${ports}}]`));
  await settled(file);
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
