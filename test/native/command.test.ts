import assert from 'node:assert/strict';
import { open } from 'node:fs/promises';
import { test } from 'node:test';
import { runCommand } from '../../native/index.ts';
import { failing } from './failing.ts';

const plenty = 1024 * 1024;

test('gives what a command says and how it ends', async () => {
  const said = await runCommand(['sh', '-c', 'echo "$0 $1"; echo no >&2; exit 3', 'a b', 'ü'], plenty);
  assert.deepEqual(said, { status: 3, stdout: 'a b ü\n', stderr: 'no\n' });
  assert.equal((await runCommand(['sh', '-c', 'kill -9 $$'], plenty)).status, null);
  assert.deepEqual(await runCommand(['cat'], plenty), { status: 0, stdout: '', stderr: '' });
});

test('a command that says much on both ways says all of it', async () => {
  const { stdout, stderr } = await runCommand(
    ['sh', '-c', 'head -c 300000 /dev/zero | tr "\\0" x; head -c 300000 /dev/zero | tr "\\0" y >&2'],
    plenty,
  );
  assert.deepEqual([stdout, stderr], ['x'.repeat(300_000), 'y'.repeat(300_000)]);
});

test('one that says too much is ended, one that is not there does not begin', async () => {
  await assert.rejects(runCommand(['yes'], 1000), failing('COMMAND', 'EFBIG'));
  await assert.rejects(runCommand(['sluice-no-such-command'], plenty), failing('COMMAND', 'ENOENT'));
  assert.throws(() => runCommand([] as unknown as [string], plenty), failing('ARGUMENT'));
  assert.throws(() => runCommand(['echo', 'a\0b'], plenty), failing('ARGUMENT'));
});

test('it has the ordinary signals, and none of our descriptors', async () => {
  const signals = await runCommand(['grep', '-E', '^Sig(Ign|Blk)', '/proc/self/status'], plenty);
  const masks = [...signals.stdout.matchAll(/\t([0-9a-f]+)$/gm)].map(([, mask]) => BigInt(`0x${mask}`));
  // From 32 on they are the C library's own.
  assert.deepEqual(
    masks.map((mask) => mask & 0x7fffffffn),
    [0n, 0n],
  );
  const own = await open('/proc/self/status');
  const { stdout } = await runCommand(['readlink', `/proc/self/fd/${own.fd}`], plenty);
  assert.equal(stdout, '');
  await own.close();
});

test('many at a time', async () => {
  const all = await Promise.all(Array.from({ length: 50 }, (_, at) => runCommand(['echo', String(at)], plenty)));
  assert.deepEqual(
    all.map(({ stdout }) => stdout),
    all.map((_, at) => `${at}\n`),
  );
});
