/** Workloads are found by what the kernel says, run in the topology's host as the agent would be. */

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readlinkSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { LocatedWorkload, Workload, WorkloadPlace } from '../../src/workload/workload.ts';
import { eventually } from './eventually.ts';
import { Namespace } from './namespace.ts';
import { topologyOf } from './scene.ts';
import type { Topology } from './topology.ts';

const locateModule = fileURLToPath(new URL('../../src/workload/locate.ts', import.meta.url));

function workload(name: string, place: WorkloadPlace): Workload {
  return { name, namespace: 'default', labels: new Map(), place };
}

const inNetns = (name: string, { name: netns }: Namespace): Workload => workload(name, { kind: 'netns', netns });
const atInterface = (name: string, interfaceName: string): Workload =>
  workload(name, { kind: 'interface', interfaceName });

/** The workloads without themselves, and the host's addresses. */
function locateIn(topology: Topology, workloads: readonly Workload[]) {
  const script = `
    import { hostAddresses, locate } from ${JSON.stringify(locateModule)};
    const located = await locate(${JSON.stringify(workloads)});
    console.log(JSON.stringify({
      located: located.map(({ workload, ...found }) => found),
      host: await hostAddresses(),
    }));`;
  const output = topology.host.runSync(process.execPath, '--input-type=module', '-e', script);
  return JSON.parse(output) as { located: Omit<LocatedWorkload, 'workload'>[]; host: string[] };
}

function ifindexOf(topology: Topology, name: string): number {
  return (JSON.parse(topology.host.ip('-json', 'link', 'show', 'dev', name)) as { ifindex: number }[])[0]?.ifindex ?? 0;
}

test('finds the tap and the addresses, by namespace and by interface', (t) => {
  const topology = topologyOf(t);
  const [web, api, b1] = [topology.routed('web'), topology.routed('api'), topology.bridged('b1')];
  web.namespace.ip('address', 'add', '10.77.1.77/32', 'dev', 'lo');
  // A network inside the workload, as a container engine in a container makes it, is not how others see the workload.
  api.namespace.ip(...'link add docker0 type bridge'.split(' '));
  api.namespace.ip(...'address add 172.17.0.1/16 dev docker0'.split(' '));
  const remote = workload('db', { kind: 'remote', addresses: ['192.0.2.7'] as unknown as [] });
  const { located, host } = locateIn(topology, [
    inNetns('web', web.namespace),
    atInterface('api', 'v-api'),
    inNetns('b1', b1.namespace),
    remote,
  ]);
  const tap = (name: string) => ({ name, ifindex: ifindexOf(topology, name) });
  assert.deepEqual(located, [
    { addresses: ['10.77.1.77', '10.77.1.2', 'fd77:1::2'], interface: tap('v-web') },
    { addresses: ['10.77.2.2', 'fd77:2::2'], interface: tap('v-api') },
    { addresses: ['10.77.100.2', 'fd77:100::2'], interface: tap('v-b1') },
    { addresses: ['192.0.2.7'] },
  ]);
  const expected = ['10.77.1.1', '10.77.100.1', '10.77.2.1', 'fd77:1::1', 'fd77:100::1', 'fd77:2::1'];
  assert.deepEqual(new Set(host), new Set(expected));
});

test('says what is missing, and what to do', (t) => {
  const topology = topologyOf(t);
  const web = topology.routed('web');
  const namespaceOf = (role: string): Namespace => {
    const made = Namespace.create(role);
    t.after(() => made.delete());
    return made;
  };
  const [empty, elsewhere, double] = [namespaceOf('empty'), namespaceOf('other'), namespaceOf('double')];
  elsewhere.ip(...`link add eth0 type veth peer name far netns ${empty.name}`.split(' '));
  empty.ip('link', 'delete', 'far');
  const third = namespaceOf('third');
  third.ip(...`link add eth0 type veth peer name far netns ${elsewhere.name}`.split(' '));
  for (const name of ['d1', 'd2']) {
    topology.host.ip(...`link add ${name} type veth peer name ${name} netns ${double.name}`.split(' '));
  }
  const { located } = locateIn(topology, [
    workload('none', { kind: 'netns', netns: 'nowhere' }),
    atInterface('no-interface', 'nowhere0'),
    inNetns('empty', empty),
    inNetns('elsewhere', third),
    inNetns('double', double),
    inNetns('web', web.namespace),
    atInterface('web-again', 'v-web'),
    workload('copy', { kind: 'remote', addresses: ['10.77.1.2', '192.0.2.1'] as unknown as [] }),
    atInterface('silent', 'd1'),
  ]);
  const problems = located.map(({ problem }) => problem ?? '');
  const expected = [
    /^there is no network namespace nowhere; start the workload, or correct/,
    /^there is no interface nowhere0; start the workload, or correct/,
    /-empty has no veth interface; add one/,
    /^the other side of eth0 in network namespace .*-third is not in Sluice's own; move/,
    /-double has 2 interfaces to this host \(d1, d2\); make each a workload/,
    /^$/,
    /^interface v-web belongs to workload default\/web already; give/,
    /^10\.77\.1\.2 is an address of default\/web already.*; give/,
    /^the addresses behind interface d1 are not known; give/,
  ];
  expected.forEach((pattern, at) => {
    assert.match(problems[at] ?? '', pattern);
  });
  assert.deepEqual(
    located.map(({ interface: tap }) => tap?.name),
    [undefined, undefined, undefined, undefined, undefined, 'v-web', undefined, undefined, 'd1'],
  );
  assert.deepEqual(located[7]?.addresses, ['192.0.2.1']);
});

/** A process in a network namespace of its own that has no name, with `c<n>` and address `10.9.<n>.2` at its link. */
async function container(topology: Topology, n: number): Promise<void> {
  const child = topology.host.spawn('unshare', ['--net', 'sleep', '60'], { stdio: 'ignore' });
  const own = `/proc/${child.pid}/ns/net`;
  const outside = [readlinkSync('/proc/self/ns/net'), topology.host.runSync('readlink', '/proc/self/ns/net').trim()];
  await eventually('the namespace is made', () => !outside.includes(readlinkSync(own)) || undefined);
  topology.host.ip(...`link add c${n} type veth peer name eth0 netns ${child.pid}`.split(' '));
  const inside = (...args: string[]): void => {
    execFileSync('nsenter', [`--net=${own}`, 'ip', ...args]);
  };
  inside('address', 'add', `10.9.${n}.2/24`, 'dev', 'eth0');
  inside('link', 'set', 'eth0', 'up');
}

test('a namespace without a name is found by its processes', async (t) => {
  const topology = topologyOf(t);
  await container(topology, 1);
  await container(topology, 2);
  const { located } = locateIn(topology, [atInterface('c1', 'c1'), atInterface('c2', 'c2')]);
  assert.deepEqual(
    located.map(({ addresses, problem }) => [addresses, problem]),
    [
      [['10.9.1.2'], undefined],
      [['10.9.2.2'], undefined],
    ],
  );
});

test('what is behind an interface is known by host routes where nothing else says it', (t) => {
  const topology = topologyOf(t);
  topology.host.ip(...'link add c1 type veth peer name c1p'.split(' '));
  topology.host.ip('link', 'set', 'c1', 'up');
  topology.host.ip(...'address add 10.9.0.1/32 dev c1'.split(' '));
  topology.host.ip(...'route add 10.9.0.2/32 dev c1'.split(' '));
  topology.host.ip(...'route add 10.9.1.0/24 dev c1'.split(' '));
  topology.host.ip(...'-6 route add fd09::2/128 dev c1'.split(' '));
  const { located } = locateIn(topology, [atInterface('c1', 'c1')]);
  assert.deepEqual(located[0]?.addresses, ['10.9.0.2', 'fd09::2']);
  assert.equal(located[0]?.problem, undefined);
});
