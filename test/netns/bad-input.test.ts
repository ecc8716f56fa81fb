/** Whatever the operator gets wrong: exit code 1, one paragraph, the place, the cause and the next step. */

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { sluice } from './agent.ts';
import { eventually } from './eventually.ts';
import { type Finished, removeInstance, runName } from './namespace.ts';
import { egressHttp, onlyPublic } from './policies.ts';
import { agentOf, topologyOf } from './scene.ts';
import type { Topology } from './topology.ts';

const goodPolicy = egressHttp('web', 'api', 80, onlyPublic);
const instance = `${runName()}z`;

interface Input {
  readonly policy?: string;
  readonly workloads: string;
  readonly args?: readonly string[];
  /** Command in front of `sluice`, to take something away from it. */
  readonly under?: readonly string[];
}

async function run(t: TestContext, topology: Topology, input: Input): Promise<Finished> {
  const directory = mkdtempSync(join(tmpdir(), 'sluice-bad-'));
  t.after(() => {
    rmSync(directory, { recursive: true });
    removeInstance(instance);
  });
  const [policy, workloads] = [join(directory, 'p.yaml'), join(directory, 'w.yaml')];
  writeFileSync(policy, input.policy ?? goodPolicy);
  writeFileSync(workloads, input.workloads);
  const args = ['run', '--instance', instance, '--policies', policy, '--workloads', workloads, ...(input.args ?? [])];
  // It must end by itself; an agent that starts in spite of the input is killed, and the exit code tells.
  const command = ['timeout', '--signal=KILL', '20', ...(input.under ?? []), sluice, ...args];
  return topology.host.run('env', ...command);
}

/** A failure is the last paragraph of standard error; the log may stand above it. */
function assertRefused({ code, stderr }: Finished, message: RegExp): void {
  const paragraph = stderr.slice(stderr.lastIndexOf('\nsluice: ') + 1);
  assert.equal(code, 1, stderr);
  assert.match(paragraph, /^sluice: /);
  assert.match(paragraph, message);
  assert.doesNotMatch(stderr, /\n {4}at /, 'no stack');
}

test('bad files are refused with file, line and column', async (t) => {
  const topology = topologyOf(t);
  const web = topology.routed('web');
  const workloads = `workloads:\n  - name: web\n    labels: {app: web}\n    netns: ${web.namespace.name}\n`;
  const entry = (name: string, where: string): string => `  - name: ${name}\n    labels: {app: web}\n    ${where}\n`;
  const cases: [string, Input, RegExp][] = [
    ['malformed YAML', { policy: 'spec: [unclosed', workloads }, /p\.yaml:1:\d+/],
    ['unknown field', { policy: goodPolicy.replace('egress:', 'egres:'), workloads }, /p\.yaml:7:3.*egres/s],
    ['bad pattern', { policy: goodPolicy.replace('/public/.*', '/public/('), workloads }, /p\.yaml:\d+:\d+.*path/s],
    ['wrong kind', { policy: goodPolicy.replace('CiliumNetworkPolicy', 'Pod'), workloads }, /p\.yaml:2:\d+.*kind/s],
    [
      'the same workload twice',
      { workloads: workloads + entry('web', 'addresses: [192.0.2.1]') },
      /w\.yaml:5:\d+.*web/s,
    ],
    ['unknown field of a workload', { workloads: workloads.replace('netns', 'nets') }, /w\.yaml:4:\d+.*nets/s],
    ['missing namespace', { workloads: `workloads:\n${entry('x', 'netns: nowhere')}` }, /nowhere/],
    ['missing interface', { workloads: `workloads:\n${entry('x', 'interface: nowhere0')}` }, /nowhere0/],
    [
      'bad address',
      { workloads: `workloads:\n${entry('x', 'addresses: [300.0.0.1]')}` },
      /w\.yaml:4:\d+.*300\.0\.0\.1/s,
    ],
  ];
  for (const [name, input, message] of cases) {
    await t.test(name, async (sub) => assertRefused(await run(sub, topology, input), message));
  }
});

test('a machine that lacks something is named, with what to do', async (t) => {
  const topology = topologyOf(t);
  const web = topology.routed('web');
  const workloads = `workloads:\n  - name: web\n    labels: {app: web}\n    netns: ${web.namespace.name}\n`;
  await t.test('no root', async (sub) => {
    assertRefused(await run(sub, topology, { workloads, under: ['unshare', '--user'] }), /needs root/);
  });
  await t.test('no BTF', async (sub) => {
    const hide = 'mount -t tmpfs none /sys/kernel/btf && exec "$@"';
    const under = ['unshare', '--mount', 'sh', '-c', hide, 'sh'];
    assertRefused(await run(sub, topology, { workloads, under }), /btf.*CONFIG_DEBUG_INFO_BTF/s);
  });
  await t.test('port in use', async (sub) => {
    const server = topology.host.spawn(
      process.execPath,
      ['-e', "require('node:net').createServer().listen(9464, '127.0.0.1', () => console.log('up'))"],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    let up = false;
    server.stdout?.once('data', () => {
      up = true;
    });
    await eventually('the port is taken', () => up || undefined);
    const args = ['--metrics', '127.0.0.1:9464'];
    assertRefused(await run(sub, topology, { workloads, args }), /127\.0\.0\.1:9464 is already in use/);
  });
});

test('a new agent whose files are bad does not take over: the running one goes on', async (t) => {
  const topology = topologyOf(t);
  const [web, api] = [topology.routed('web'), topology.routed('api')];
  const agent = await agentOf(topology, { policies: { 'p.yaml': goodPolicy }, workloads: [web, api] });
  const { pid } = await agent.status();
  const workloads = `${agent.policyDirectory}/../workloads.yaml`;
  const bad = join(mkdtempSync(join(tmpdir(), 'sluice-bad-')), 'p.yaml');
  t.after(() => rmSync(dirname(bad), { recursive: true }));
  writeFileSync(bad, 'spec: [unclosed');
  const args = ['run', '--instance', agent.instance, '--policies', bad, '--workloads', workloads];
  assertRefused(await topology.host.run('timeout', '--signal=KILL', '20', sluice, ...args), /p\.yaml:1:\d+/);
  const status = await agent.status();
  assert.deepEqual([status.pid, status.ready], [pid, true]);
});
