/** Programs at their hooks; traffic on the `lo` of a namespace of the test's own shows whether they run. */

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import {
  acceptConnections,
  attachClsact,
  BpfLink,
  type BpfObject,
  closeFd,
  ifindex,
  listenTransparent,
  openObject,
  resetFd,
  type SocketAddress,
  socketAddresses,
  tcpInfo,
  upstreamSocket,
} from '../../native/index.ts';
import { eventually } from '../netns/eventually.ts';
import { compiled, numberOf, u32 } from './compiled.ts';
import { failing } from './failing.ts';
import { bpffsOf, namespaceOf } from './scratch.ts';

const sample = compiled('sample');

/** `report` counts packets and lets them pass (TC_ACT_UNSPEC). */
function loaded(t: TestContext): BpfObject {
  const object = openObject(sample);
  t.after(() => object.close());
  object.setRodata('first_constant', u32(0xffffffff));
  object.load();
  return object;
}

function packetsOf(object: BpfObject): number {
  using packets = object.map('packets');
  const values = packets.get(u32(0)) ?? Buffer.alloc(0);
  let sum = 0;
  for (let at = 0; at < values.length; at += 8) sum += numberOf(values, at);
  return sum;
}

let nextPort = 20_000;

/** The state in which an attempt to connect over `lo` is once the kernel has done all it does at once. */
function stateOfAttempt(netns: number, port: number): string {
  const [client, server] = [
    { address: '10.0.0.1', port: nextPort++ },
    { address: '10.0.0.2', port },
  ];
  const fd = upstreamSocket({ netns, client, server });
  const { state } = tcpInfo(fd);
  resetFd(fd);
  return state;
}

/** A namespace with a listener. */
function sceneOf(t: TestContext): { netns: number; lo: number; attempt: () => string } {
  const { fd: netns } = namespaceOf(t);
  const listener = listenTransparent({ netns, port: 80, backlog: 64 });
  t.after(() => closeFd(listener));
  const lo = ifindex('lo', netns);
  const attempt = (): string => stateOfAttempt(netns, 80);
  assert.equal(attempt(), 'established');
  return { netns, lo, attempt };
}

for (const direction of ['ingress', 'egress'] as const) {
  test(`a tcx link at ${direction}: attached, exchanged, pinned, adopted, detached`, (t) => {
    const path = join(bpffsOf(t), 'link');
    const object = loaded(t);
    const { netns, lo, attempt } = sceneOf(t);
    const [report, drop] = [object.program('report'), object.program('drop')];
    const link = BpfLink.attachTcx({ program: report, ifindex: lo, direction, netns });
    const { type, programId, ifindex: where } = link.info;
    assert.deepEqual([type, programId, where], ['tcx', report.info.id, lo]);
    assert.equal(attempt(), 'established');
    const seen = packetsOf(object);
    assert.ok(seen >= 3, String(seen));
    link.pin(path);
    link.close();
    assert.throws(() => link.info, failing('CLOSED'));

    using adopted = BpfLink.openPinned(path);
    assert.equal(adopted.info.programId, report.info.id);
    adopted.update(drop);
    assert.equal(adopted.info.programId, drop.info.id);
    assert.equal(attempt(), 'syn-sent');
    assert.equal(packetsOf(object), seen, 'the other program does not run any more');
    adopted.detach();
    assert.equal(adopted.info.ifindex, 0);
    assert.equal(attempt(), 'established');
    assert.throws(() => adopted.update(report), failing('BPF_LINK', 'ENOLINK'));
  });
}

test('the last link that was attached runs first; a link ends with its object', (t) => {
  const object = loaded(t);
  const { netns, lo, attempt } = sceneOf(t);
  const at = { ifindex: lo, direction: 'ingress', netns } as const;
  using first = BpfLink.attachTcx({ program: object.program('report'), ...at });
  const drop = BpfLink.attachTcx({ program: object.program('drop'), ...at });
  const before = packetsOf(object);
  assert.equal(attempt(), 'syn-sent');
  assert.equal(packetsOf(object), before);
  drop.close();
  assert.equal(attempt(), 'established');
  assert.ok(packetsOf(object) > before);
  assert.notEqual(first.info.programId, 0);
});

test('a clsact filter stays until it is detached', (t) => {
  const object = loaded(t);
  const { netns, lo, attempt } = sceneOf(t);
  const at = { ifindex: lo, netns } as const;
  const counting = attachClsact({ program: object.program('report'), direction: 'egress', ...at });
  const dropping = attachClsact({ program: object.program('drop'), direction: 'ingress', ...at });
  assert.equal(attempt(), 'syn-sent');
  const seen = packetsOf(object);
  assert.ok(seen > 0);
  dropping.detach();
  assert.equal(attempt(), 'established');
  assert.ok(packetsOf(object) > seen);
  counting.detach();
  const last = packetsOf(object);
  assert.equal(attempt(), 'established');
  assert.equal(packetsOf(object), last);
  assert.throws(() => counting.detach(), failing('BPF_ATTACH', 'ENOENT'));
});

test('an XDP program', (t) => {
  const object = loaded(t);
  const { netns, lo, attempt } = sceneOf(t);
  using link = BpfLink.attachXdp({ program: object.program('pass'), ifindex: lo, generic: true, netns });
  assert.deepEqual([link.info.type, link.info.ifindex], ['xdp', lo]);
  assert.equal(attempt(), 'established');
  const again = { program: object.program('pass'), ifindex: lo, generic: true, netns };
  assert.throws(() => BpfLink.attachXdp(again), failing('BPF_ATTACH', 'EBUSY'));
});

/** Where cgroup v2 is mounted: alone, or beside v1. */
function cgroups(): string {
  const mounts = readFileSync('/proc/self/mounts', 'utf8').split('\n');
  const path = mounts.map((line) => line.split(' ')).find(([, , type]) => type === 'cgroup2')?.[1];
  assert.ok(path !== undefined, 'cgroup v2 is mounted');
  return path;
}

test('a program at a cgroup', (t) => {
  const path = join(cgroups(), `sluice-native-${process.pid}`);
  mkdirSync(path);
  t.after(() => rmdirSync(path));
  const object = loaded(t);
  const program = object.program('permit');
  using link = BpfLink.attachCgroup({ program, path, type: 'cgroup_inet_egress' });
  assert.deepEqual([link.info.type, link.info.programId], ['cgroup', program.info.id]);
  assert.equal(link.info.cgroupId, statSync(path, { bigint: true }).ino);
  assert.throws(() => BpfLink.attachCgroup({ program, path, type: 'cgroup_none' }), failing('ARGUMENT'));
  assert.throws(() => BpfLink.attachCgroup({ program, path, type: 'cgroup_device' }), failing('BPF_ATTACH', 'EINVAL'));
  assert.throws(() => BpfLink.attachCgroup({ program, path: '/absent', type: 'cgroup_device' }), { code: 'ENOENT' });
});

for (const { client, server } of [
  { client: { address: '10.0.0.1', port: 4001 }, server: { address: '10.9.8.7', port: 4444 } },
  { client: { address: 'fd00::1', port: 4001 }, server: { address: 'fd09::7', port: 4444 } },
]) {
  test(`a lookup program hands ${server.address} to a listener on another port`, async (t) => {
    const object = loaded(t);
    const { name, fd: netns } = namespaceOf(t);
    const listener = listenTransparent({ netns, port: 0, backlog: 8 });
    const link = BpfLink.attachNetns({ program: object.program('steer'), netns: `/run/netns/${name}` });
    assert.equal(link.info.type, 'netns');
    assert.equal(link.info.netnsInode, statSync(`/run/netns/${name}`).ino);
    // No listener in the slot: the program drops, which the kernel answers with RST.
    const early = upstreamSocket({ netns, client, server });
    assert.equal(tcpInfo(early).state, 'close');
    closeFd(early);

    using listeners = object.map('listeners');
    listeners.putFd(u32(0), listener);
    const accepted: { fd: number; remote: SocketAddress; local: SocketAddress }[] = [];
    const acceptor = acceptConnections(listener, (fd, remote, local) => accepted.push({ fd, remote, local }));
    const upstream = upstreamSocket({ netns, client, server });
    const one = await eventually('the connection arrives', () => accepted[0]);
    assert.deepEqual([one.remote, one.local], [client, server]);
    assert.deepEqual(socketAddresses(one.fd), { local: server, remote: client });
    acceptor.close();
    for (const fd of [one.fd, upstream, listener]) closeFd(fd);
    link.close();
  });
}

test('what cannot be attached is refused', (t) => {
  const object = loaded(t);
  const { fd: netns } = namespaceOf(t);
  const lo = ifindex('lo', netns);
  const [report, pass] = [object.program('report'), object.program('pass')];
  const tcx = { ifindex: lo, direction: 'ingress', netns } as const;
  assert.throws(() => BpfLink.attachTcx({ ...tcx, program: pass }), failing('BPF_ATTACH', 'EINVAL'));
  assert.throws(() => BpfLink.attachTcx({ ...tcx, program: report, ifindex: 9999 }), failing('BPF_ATTACH', 'ENODEV'));
  assert.throws(() => BpfLink.attachTcx({ ...tcx, program: report, ifindex: 0 }), failing('ARGUMENT'));
  assert.throws(() => BpfLink.attachTcx({ ...tcx, program: report, netns: 0 }), failing('NETNS'));
  assert.throws(() => attachClsact({ ...tcx, program: report, ifindex: 9999 }), failing('BPF_ATTACH'));
  assert.throws(() => BpfLink.attachXdp({ program: report, ifindex: lo, netns }), failing('BPF_ATTACH', 'EINVAL'));
  assert.throws(() => BpfLink.attachNetns({ program: report, netns }), failing('BPF_ATTACH', 'EINVAL'));
  assert.throws(() => BpfLink.attachNetns({ program: report, netns: '/etc/hostname' }), failing('NETNS', 'EINVAL'));
  assert.throws(() => BpfLink.openPinned('/absent'), failing('PIN', 'ENOENT'));
  using link = BpfLink.attachTcx({ ...tcx, program: report });
  assert.throws(() => link.update(pass), failing('BPF_LINK', 'EINVAL'));
  report.close();
  assert.throws(() => BpfLink.attachTcx({ ...tcx, program: report }), failing('CLOSED'));
});

test('a link outlives its interface as an empty shell', (t) => {
  const object = loaded(t);
  const { name, fd: netns } = namespaceOf(t);
  execFileSync('ip', ['-n', name, 'link', 'add', 'br0', 'type', 'bridge']);
  const program = object.program('report');
  using link = BpfLink.attachTcx({ program, ifindex: ifindex('br0', netns), direction: 'egress', netns });
  assert.notEqual(link.info.ifindex, 0);
  execFileSync('ip', ['-n', name, 'link', 'delete', 'br0']);
  assert.equal(link.info.ifindex, 0);
  assert.throws(() => ifindex('br0', netns), failing('INTERFACE', 'ENODEV'));
});
