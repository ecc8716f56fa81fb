import assert from 'node:assert/strict';
import { appendFileSync, mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { watchPaths } from '../../../src/workload/watch.ts';
import { eventually } from '../../netns/eventually.ts';

function directoryOf(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'sluice-watch-'));
  t.after(() => rmSync(path, { recursive: true }));
  return path;
}

/** Expects exactly one call after each `change`. */
function watching(t: TestContext, ...paths: string[]): (what: string, change: () => void) => Promise<void> {
  let calls = 0;
  const watcher = watchPaths(paths, () => calls++);
  t.after(() => watcher.close());
  return async (what, change) => {
    const before = calls;
    change();
    await eventually(what, () => calls > before || undefined);
    assert.equal(calls, before + 1, what);
  };
}

test('a file is written, replaced, deleted and made again', async (t) => {
  const file = join(directoryOf(t), 'w.yaml');
  const changed = watching(t, file);
  await changed('made', () => writeFileSync(file, 'a'));
  await changed('appended', () => appendFileSync(file, 'b'));
  await changed('same length', () => writeFileSync(file, 'ba'));
  await changed('renamed over', () => {
    writeFileSync(`${file}.new`, 'c');
    renameSync(`${file}.new`, file);
  });
  await changed('deleted', () => rmSync(file));
  await changed('made again', () => writeFileSync(file, 'c'));
});

test('a directory gets, changes and loses files, and is replaced itself', async (t) => {
  const top = directoryOf(t);
  const directory = join(top, 'policies');
  const changed = watching(t, directory);
  await changed('the directory comes', () => {
    mkdirSync(directory);
    writeFileSync(join(directory, 'a.yaml'), '1');
  });
  await changed('a second file', () => writeFileSync(join(directory, 'b.yaml'), '1'));
  await changed('a change', () => writeFileSync(join(directory, 'a.yaml'), '2'));
  await changed('a deletion', () => rmSync(join(directory, 'b.yaml')));
  await changed('another directory in its place', () => {
    renameSync(directory, join(top, 'old'));
    mkdirSync(directory);
    writeFileSync(join(directory, 'a.yaml'), '3');
  });
  await changed('a change in that one', () => writeFileSync(join(directory, 'a.yaml'), '4'));
});

test('the links of a ConfigMap volume are exchanged', async (t) => {
  const top = directoryOf(t);
  const publish = (revision: string): void => {
    mkdirSync(join(top, revision));
    writeFileSync(join(top, revision, 'w.yaml'), revision);
    symlinkSync(revision, join(top, '..data_tmp'));
    renameSync(join(top, '..data_tmp'), join(top, '..data'));
  };
  publish('..2026_1');
  symlinkSync('..data/w.yaml', join(top, 'w.yaml'));
  const asFile = watching(t, join(top, 'w.yaml'));
  await asFile('exchanged', () => publish('..2026_2'));
  const asDirectory = watching(t, top);
  await asDirectory('exchanged again', () => publish('..2026_3'));
});

test('a change behind a link elsewhere is found without inotify', async (t) => {
  const [here, there] = [directoryOf(t), directoryOf(t)];
  writeFileSync(join(there, 'real'), '1');
  symlinkSync(join(there, 'real'), join(here, 'w.yaml'));
  const changed = watching(t, join(here, 'w.yaml'));
  await changed('written in place', () => writeFileSync(join(there, 'real'), '2'));
  // The first look after the start is over: only the poll is left.
  await changed('written again', () => writeFileSync(join(there, 'real'), '3'));
});

test('what leaves the content as it was, or is no policy, is not told', async (t) => {
  const directory = directoryOf(t);
  const file = join(directory, 'a.yaml');
  writeFileSync(file, '1');
  let calls = 0;
  const watcher = watchPaths([directory], () => calls++);
  t.after(() => watcher.close());
  writeFileSync(file, '1');
  writeFileSync(join(directory, '.a.yaml.swp'), 'x');
  const later = watching(t, directory);
  await later('a real change', () => writeFileSync(file, '2'));
  await eventually('it is told once', () => calls === 1 || undefined);
});

test('what is watched can be changed; a file that was not watched before is told once', async (t) => {
  const directory = directoryOf(t);
  const [policy, secret] = [join(directory, 'p.yaml'), join(directoryOf(t), 'secret')];
  writeFileSync(policy, '1');
  writeFileSync(secret, 'a');
  let calls = 0;
  const watcher = watchPaths([directory], () => {
    calls++;
    watcher.watch([directory, secret]);
  });
  t.after(() => watcher.close());
  watcher.watch([directory, secret]);
  await eventually('the new file is told', () => calls === 1 || undefined);
  writeFileSync(secret, 'b');
  await eventually('its change is told', () => calls === 2 || undefined);
  rmSync(secret);
  await eventually('its end is told', () => calls === 3 || undefined);
});

test('nothing is told after close', async (t) => {
  const directory = directoryOf(t);
  let calls = 0;
  const watcher = watchPaths([directory], () => calls++);
  const other = watching(t, directory);
  writeFileSync(join(directory, 'a.yaml'), '1');
  watcher.close();
  await other('the other watcher still is', () => writeFileSync(join(directory, 'a.yaml'), '2'));
  assert.equal(calls, 0);
});
