/** `sluice check` on this machine, as it is and with something taken away. */

import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { checkText } from '../../src/cli/check.ts';
import type { Feature } from '../../src/cli/machine.ts';
import { sluice } from './agent.ts';
import { topologyOf } from './scene.ts';

function check(under: readonly string[], ...args: string[]): { code: number | null; out: string; err: string } {
  const [command = sluice, ...rest] = [...under, sluice, 'check', ...args];
  const { status, stdout, stderr } = spawnSync(command, rest, { encoding: 'utf8', timeout: 30_000 });
  return { code: status, out: stdout, err: stderr };
}

/** As `check`, with a shell command run first in a mount namespace of its own. */
function checkAfter(shell: string): ReturnType<typeof check> {
  return check(['unshare', '--mount', 'sh', '-c', `${shell} && exec "$@"`, 'sh']);
}

test('a machine that runs these tests has it all, and nothing of it is changed', async (t) => {
  const { host } = topologyOf(t);
  const state = (): string => host.ip('-details', 'address') + host.runSync('tc', 'qdisc', 'show');
  const before = state();
  const { code, stdout: out, stderr: err } = await host.run(sluice, 'check', '-o', 'json');
  assert.equal(code, 0, err);
  const features = JSON.parse(out) as Feature[];
  for (const { name, state, required } of features) if (required) assert.equal(state, 'present', name);
  for (const name of ['BTF', 'socket lookup (sk_lookup)', 'map of sockets (sockmap)', "Sluice's own programs"]) {
    assert.ok(features.some((feature) => feature.name === name && feature.required));
  }
  assert.equal(state(), before);
  const text = check([]);
  assert.equal(text.code, 0);
  assert.equal(text.out.trim().split('\n').length, features.length);
  assert.match(text.out, /^✓ BTF$/m);
});

test('what is missing is named, with what to do, and the exit code is 1', () => {
  const cases: [ReturnType<typeof check>, RegExp, RegExp][] = [
    [check(['unshare', '--user']), /^✗ root \(user \d+\): run as root/m, /lacks.*: root; \d+ more could not be tried/],
    [check(['unshare', '--user', '--map-root-user']), /^✗ root \(root of a user namespace\): /m, /: root; /],
    [check(['setpriv', '--bounding-set=-net_admin']), /^✗ root \(without CAP_NET_ADMIN\): /m, /: root; /],
    [checkAfter('mount -t tmpfs none /sys/kernel/btf'), /^✗ BTF: run a kernel.*CONFIG_DEBUG_INFO_BTF=y/m, /: BTF/],
  ];
  for (const [{ code, out, err }, line, summary] of cases) {
    assert.equal(code, 1, out);
    assert.match(out, line);
    assert.match(err, /^sluice: this machine lacks what `sluice run` needs: .*hints/);
    assert.match(err, summary);
    assert.equal(err.trim().split('\n').length, 1, 'one paragraph');
  }
});

test('a missing command is named with its package', (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'sluice-path-'));
  t.after(() => rmSync(directory, { recursive: true }));
  for (const name of ['env', 'sh', 'dirname', 'readlink', 'uname', 'ip']) {
    symlinkSync(execFileSync('which', [name], { encoding: 'utf8' }).trim(), join(directory, name));
  }
  symlinkSync(process.execPath, join(directory, 'node'));
  const { code, out } = check(['env', `PATH=${directory}`]);
  assert.equal(code, 1, out);
  assert.match(out, /^✓ command ip$/m);
  assert.match(out, /^✗ command sysctl: install procps$/m);
});

test('each state has its mark, and what is optional says so', () => {
  const features: Feature[] = [
    { name: 'a', state: 'present', required: true, found: '6.1' },
    { name: 'b', state: 'missing', required: false, hint: 'do this' },
    { name: 'c', state: 'missing', required: true, found: 'EPERM', hint: 'do that' },
    { name: 'd', state: 'unknown', required: true, hint: 'later' },
  ];
  assert.equal(checkText(features), '✓ a (6.1)\n✗ b: optional; do this\n✗ c (EPERM): do that\n? d: later\n');
});
