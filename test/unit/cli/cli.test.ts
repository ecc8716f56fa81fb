/** The real `bin/sluice`, as a user calls it. */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { AgentStatus } from '../../../src/admin/agent-view.ts';
import { statusText } from '../../../src/cli/status.ts';
import { table } from '../../../src/cli/table.ts';

const sluice = join(dirname(fileURLToPath(import.meta.url)), '../../../bin/sluice');

function call(...args: string[]): { code: number | null; out: string; err: string } {
  const { status, stdout, stderr } = spawnSync(sluice, args, { encoding: 'utf8', timeout: 30_000 });
  return { code: status, out: stdout, err: stderr };
}

test('help and version are on standard output with exit code 0', () => {
  const help = call('--help');
  assert.equal(help.code, 0);
  assert.match(help.out, /run .*status .*observe .*policy/s);
  for (const version of [call('--version'), call('version')]) {
    assert.equal(version.code, 0);
    assert.match(version.out, /^\d+\.\d+\.\d+\n$/);
  }
});

test('wrong usage ends with 2 and says which word is wrong', () => {
  const cases: [string[], RegExp][] = [
    [['rnu'], /unknown command 'rnu'.*run/s],
    [['run'], /--policies/],
    [['run', '--policies', 'x', '--workloads', 'y', '--workers', '0'], /1 to 256/],
    [['run', '--policies', 'x', '--workloads', 'y', '--instance', '../x'], /1 to 9 characters/],
    [['status', '--instance', 'Bad_Name'], /lower-case/],
    [['status', 'surplus'], /too many arguments/],
    [['observe', '--last', '-1'], /0 or more/],
    [['observe', '--verdict', 'MAYBE'], /ALLOW, DENY/],
    [['observe', '-o', 'xml'], /text, json/],
    [['policy', 'chekc'], /unknown command 'chekc'/],
  ];
  for (const [args, message] of cases) {
    const { code, err } = call(...args);
    assert.equal(code, 2, `${args.join(' ')}: ${err}`);
    assert.match(err, message);
  }
});

test('without an agent the commands that ask one end with 1 and say how to start it', () => {
  const instance = `t${process.pid.toString(36)}`;
  for (const args of [['status'], ['observe'], ['reload'], ['metrics'], ['workload', 'list'], ['policy', 'get']]) {
    const { code, err } = call(...args, '--instance', instance);
    assert.equal(code, 1);
    assert.match(err, new RegExp(`^sluice: no agent of the instance "${instance}" is running .*sluice run`));
    assert.equal(err.trim().split('\n').length, 1, 'one paragraph');
  }
});

test('a pattern that is not RE2 is refused before anything is asked', () => {
  const { code, err } = call('observe', '--http-path', '(');
  assert.equal(code, 1);
  assert.match(err, /the path "\(" is not a pattern/);
});

test('run refuses paths that do not exist', () => {
  const { code, err } = call('run', '--policies', '/nonexistent/p', '--workloads', '/nonexistent/w');
  assert.equal(code, 1);
  assert.match(err, process.geteuid?.() === 0 ? /\/nonexistent\/p does not exist.*--policies/ : /needs root/);
});

test('a symbolic link to bin/sluice works from anywhere', (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'sluice-cli-'));
  t.after(() => rmSync(directory, { recursive: true }));
  symlinkSync(sluice, join(directory, 'sluice'));
  const { status, stdout } = spawnSync('./sluice', ['version'], { cwd: directory, encoding: 'utf8' });
  assert.equal(status, 0);
  assert.match(stdout, /^\d+\./);
});

test('status is text that a human reads at one glance', () => {
  const status: AgentStatus = {
    instance: 'sluice',
    version: '0.1.0',
    pid: 12,
    startedAt: '2026-01-02T03:04:05.006Z',
    ready: true,
    revision: 4,
    endpoints: [
      {
        id: 1,
        name: 'default/web',
        interface: 'veth-web',
        addresses: ['10.0.0.2', 'fd00::2'],
        attached: 'tcx',
        ingress: 'open',
        egress: 'enforced',
      },
    ],
    workers: [{ id: 0, connections: 2, requests: 30 }],
    problems: [{ source: 'p.yaml:3:5', message: 'unknown field "pathh"; did you mean "path"?' }],
    counters: { diverted_packets: 7 },
  };
  assert.equal(
    statusText(status),
    `sluice 0.1.0, instance sluice, pid 12: ready, policy revision 4

Endpoints
ID  WORKLOAD     INTERFACE  ADDRESSES         ATTACHED  INGRESS  EGRESS
1   default/web  veth-web   10.0.0.2,fd00::2  tcx       open     enforced

Workers
ID  CONNECTIONS  REQUESTS
0   2            30

Counters
NAME              TOTAL
diverted_packets  7

Problems
p.yaml:3:5: unknown field "pathh"; did you mean "path"?
`,
  );
});

test('a table cannot be broken by what it shows', () => {
  assert.equal(table(['A', 'B'], [['x\ny', 'z']]), 'A       B\nx\\x0ay  z\n');
});
