import assert from 'node:assert/strict';
import { readlinkSync } from 'node:fs';
import { test } from 'node:test';
import { type HostFeature, probeHelper, probeHost, probeMap, probeProgram } from '../../native/index.ts';
import { failing } from './failing.ts';
import { openDescriptors } from './scratch.ts';

const hostFeatures = ['netns', 'clsact', 'ip_transparent', 'ipv6_transparent', 'tcp_repair'] as const;

test('finds what a kernel of 5.15 has, and leaves nothing behind', () => {
  probeHost('netns'); // the thread's own namespace is opened once and kept
  const before = openDescriptors();
  const namespace = readlinkSync('/proc/thread-self/ns/net');
  for (const feature of hostFeatures) assert.equal(probeHost(feature), undefined, feature);
  assert.equal(probeProgram('sk_lookup'), undefined);
  assert.equal(probeMap('ringbuf'), undefined);
  assert.equal(probeHelper('for_each_map_elem'), undefined);
  assert.equal(readlinkSync('/proc/thread-self/ns/net'), namespace);
  assert.equal(openDescriptors(), before);
});

test('says what a kind of program cannot have', () => {
  // Of tracing programs only.
  assert.equal(probeHelper('get_stack'), 'EINVAL');
});

test('a name that nobody knows is the mistake of the caller', () => {
  assert.throws(() => probeProgram('none'), failing('ARGUMENT'));
  assert.throws(() => probeMap('none'), failing('ARGUMENT'));
  assert.throws(() => probeHelper('none'), failing('ARGUMENT'));
  assert.throws(() => probeHost('none' as HostFeature), failing('ARGUMENT'));
});
