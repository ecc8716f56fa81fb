/** Network namespaces, pins and descriptors of one test, removed when it ends. */

import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { closeFd, mountBpffs, openNetns } from '../../native/index.ts';

let made = 0;

export function ip(...args: string[]): void {
  execFileSync('ip', args);
}

/** An empty network namespace with `lo` up and every address local. */
export function namespaceOf(t: TestContext): { name: string; fd: number } {
  const name = `sln-${process.pid}-${made++}`;
  ip('netns', 'add', name);
  t.after(() => ip('netns', 'del', name));
  ip('-n', name, 'link', 'set', 'lo', 'up');
  ip('-n', name, 'route', 'add', 'local', '10.0.0.0/8', 'dev', 'lo');
  ip('-n', name, '-6', 'route', 'add', 'local', 'fd00::/8', 'dev', 'lo');
  const fd = openNetns(`/run/netns/${name}`);
  t.after(() => closeFd(fd));
  return { name, fd };
}

/** A BPF filesystem of the test's own. */
export function bpffsOf(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'sluice-pins-'));
  mountBpffs(path);
  t.after(() => {
    execFileSync('umount', [path]);
    rmdirSync(path);
  });
  return path;
}

export function directoryOf(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'sluice-native-'));
  t.after(() => {
    if (existsSync(path)) rmSync(path, { recursive: true });
  });
  return path;
}

export function openDescriptors(): number {
  return readdirSync('/proc/self/fd').length;
}
