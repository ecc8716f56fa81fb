import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, rmdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import {
  BpfProgram,
  closeFd,
  ifindex,
  lockFile,
  mountBpffs,
  openNetns,
  openObject,
  unpin,
} from '../../native/index.ts';
import { compiled } from './compiled.ts';
import { failing } from './failing.ts';
import { bpffsOf, directoryOf, namespaceOf } from './scratch.ts';

const index = fileURLToPath(new URL('../../native/index.ts', import.meta.url));

test('a lock is held by one, and ends with its descriptor or its process', (t) => {
  const path = join(directoryOf(t), 'lock');
  const lock = lockFile(path);
  assert.ok(lock !== undefined);
  assert.equal(lockFile(path), undefined);
  const script = `import { lockFile } from ${JSON.stringify(index)};
    process.exit(lockFile(${JSON.stringify(path)}) === undefined ? 7 : 0);`;
  const other = (): number | null => spawnSync(process.execPath, ['--input-type=module', '-e', script]).status;
  assert.equal(other(), 7);
  closeFd(lock);
  assert.equal(other(), 0);
  const again = lockFile(path);
  assert.ok(again !== undefined, 'the other process took it with it');
  closeFd(again);
});

test('a lock file must be a file of our own', (t) => {
  const directory = directoryOf(t);
  writeFileSync(join(directory, 'real'), '');
  symlinkSync('real', join(directory, 'link'));
  assert.throws(() => lockFile(join(directory, 'link')), failing('LOCK', 'ELOOP'));
  assert.throws(() => lockFile(directory), failing('LOCK', 'EISDIR'));
  assert.throws(() => lockFile('/absent/lock'), failing('LOCK', 'ENOENT'));
  assert.throws(() => lockFile(''), failing('ARGUMENT'));
  assert.throws(() => lockFile('a\0b'), failing('ARGUMENT'));
});

test('namespaces and interfaces by name', (t) => {
  const { name, fd } = namespaceOf(t);
  assert.equal(ifindex('lo', fd), 1);
  execFileSync('ip', ['-n', name, 'link', 'add', 'br7', 'index', '77', 'type', 'bridge']);
  assert.equal(ifindex('br7', fd), 77);
  assert.throws(() => ifindex('br7'), failing('INTERFACE', 'ENODEV'));
  assert.throws(() => ifindex('sixteencharacter', fd), failing('ARGUMENT'));
  assert.throws(() => openNetns('/run/netns/absent'), failing('NETNS', 'ENOENT'));
  assert.throws(() => openNetns('/proc/self/ns/mnt'), failing('NETNS', 'EINVAL'));
  assert.throws(() => openNetns('/etc/hostname'), failing('NETNS', 'EINVAL'));
});

test('a BPF filesystem is mounted once, and pins are removed only there', (t) => {
  const path = join(directoryOf(t), 'bpf');
  assert.equal(mountBpffs(path), true);
  try {
    assert.equal(mountBpffs(path), false);
    mkdirSync(join(path, 'inside'));
    assert.equal(unpin(join(path, 'none')), false);
    assert.throws(() => unpin(join(path, 'inside')), failing('PIN'));
    rmdirSync(join(path, 'inside'));
  } finally {
    execFileSync('umount', [path]);
  }
  assert.throws(() => mountBpffs('/absent/bpf'), failing('MOUNT', 'ENOENT'));
  assert.throws(() => unpin('/proc/self/comm'), failing('PIN', 'EINVAL'));
});

test('a program is pinned and found again', (t) => {
  const path = join(bpffsOf(t), 'program');
  using object = openObject(compiled('sample'));
  object.load();
  using report = object.program('report');
  report.pin(path);
  using again = BpfProgram.openPinned(path);
  using byId = BpfProgram.fromId(report.info.id);
  assert.equal(again.info.tag, report.info.tag);
  assert.equal(byId.info.id, again.info.id);
  assert.throws(() => report.pin(path), failing('PIN', 'EEXIST'));
  assert.throws(() => BpfProgram.openPinned('/absent'), failing('PIN', 'ENOENT'));
  assert.throws(() => BpfProgram.fromId(0x7fffffff), failing('BPF_PROG', 'ENOENT'));
});
