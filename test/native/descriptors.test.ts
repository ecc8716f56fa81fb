/** No call keeps a descriptor that it did not hand out, however it ends: 1,000 rounds of each. */

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import {
  acceptConnections,
  attachClsact,
  BpfLink,
  BpfMap,
  BpfProgram,
  closeFd,
  connectUpstream,
  ifindex,
  listenTransparent,
  lockFile,
  openNetns,
  openObject,
  probeHelper,
  probeHost,
  probeMap,
  RingBuffer,
  resetFd,
  unpin,
  upstreamSocket,
} from '../../native/index.ts';
import { eventually } from '../netns/eventually.ts';
import { compiled, u32, u64 } from './compiled.ts';
import { bpffsOf, directoryOf, namespaceOf, openDescriptors } from './scratch.ts';

const rounds = 1000;
const sample = compiled('sample');
const rejected = compiled('rejected');

/** Each call must throw; what it throws is the other tests' matter. */
function fails(...calls: (() => unknown)[]): void {
  for (const call of calls) assert.throws(call);
}

function assertNoneLeft(round: () => void, count = rounds): void {
  round(); // what is opened once and kept (the log, the clock) is no leak
  const before = openDescriptors();
  for (let i = 0; i < count; i++) round();
  assertNoMoreThan(before);
}

/** Fewer are no fault: the collector may have closed what an earlier test left to it. */
function assertNoMoreThan(before: number): void {
  const now = openDescriptors();
  assert.ok(now <= before, `${now} descriptors, ${before} before`);
}

function loaded(t: TestContext): ReturnType<typeof openObject> {
  const object = openObject(sample);
  t.after(() => object.close());
  object.load();
  return object;
}

test('objects', () => {
  assertNoneLeft(() => {
    using object = openObject(sample);
    fails(
      () => object.map('table'),
      () => object.program('report'),
      () => object.setRodata('absent', u32(1)),
      () => openObject(sample.subarray(0, 500)),
    );
  });
  assertNoneLeft(() => {
    using object = openObject(sample);
    object.load();
    object.map('table').close();
    object.program('report').close();
    fails(
      () => object.load(),
      () => object.map('absent'),
      () => object.program('absent'),
    );
    using refused = openObject(rejected);
    fails(() => refused.load());
  }, 50);
});

test('maps', (t) => {
  const object = loaded(t);
  const path = join(bpffsOf(t), 'map');
  const hash = { type: 'hash', name: 'hash', keySize: 4, valueSize: 8, maxEntries: 4 } as const;
  const { fd } = object.program('report').info;
  const outer = object.map('outer');
  const listeners = object.map('listeners');
  const socket = listenTransparent({ port: 0, backlog: 1, netns: namespaceOf(t).fd });
  t.after(() => closeFd(socket));
  assertNoneLeft(() => {
    using map = BpfMap.create(hash);
    map.put(u32(1), u64(1n));
    map.putBatch([[u32(2), u64(2n)]]);
    assert.equal([...map.entries()].length, 2);
    map.entries().next(); // given up half-way
    using again = BpfMap.fromFd(map.fd);
    using byId = BpfMap.fromId(again.info.id);
    byId.pin(path);
    using pinned = BpfMap.openPinned(path);
    listeners.putFd(u32(0), socket);
    listeners.delete(u32(0));
    fails(
      () => pinned.pin(path),
      () => outer.putMap(u32(1), map),
      () => listeners.putFd(u32(0), map.fd),
      () => BpfMap.fromFd(fd),
      () => BpfMap.fromFd(0),
      () => BpfMap.fromId(0x7fffffff),
      () => BpfMap.openPinned('/absent'),
      () => BpfProgram.openPinned(path),
      () => BpfLink.openPinned(path),
      () => BpfMap.create({ ...hash, keySize: 0 }),
    );
    unpin(path);
  });
  // Each exchange waits for all CPUs to leave the inner map.
  assertNoneLeft(() => {
    using inner = object.map('inner_a');
    outer.putMap(u32(1), inner);
    outer.delete(u32(1));
  }, 50);
});

test('programs', (t) => {
  const object = loaded(t);
  const path = join(bpffsOf(t), 'program');
  assertNoneLeft(() => {
    using program = object.program('report');
    program.testRun({ data: Buffer.alloc(64) });
    program.pin(path);
    using pinned = BpfProgram.openPinned(path);
    using byId = BpfProgram.fromId(pinned.info.id);
    fails(
      () => byId.pin(path),
      () => program.testRun({ data: Buffer.alloc(1) }),
      () => BpfMap.openPinned(path),
      () => BpfProgram.fromId(0x7fffffff),
    );
    unpin(path);
  });
});

test('attachments', (t) => {
  const object = loaded(t);
  const { name, fd: netns } = namespaceOf(t);
  const [report, pass, steer] = [object.program('report'), object.program('pass'), object.program('steer')];
  const at = { program: report, ifindex: ifindex('lo', netns), direction: 'ingress', netns } as const;
  // Each end of a link waits for all CPUs to leave the program: some milliseconds.
  assertNoneLeft(() => {
    using link = BpfLink.attachTcx(at);
    using _lookup = BpfLink.attachNetns({ program: steer, netns: `/run/netns/${name}` });
    attachClsact(at).detach();
    fails(() => link.update(pass));
  }, 50);
  assertNoneLeft(() => {
    fails(
      () => BpfLink.attachTcx({ ...at, program: pass }),
      () => BpfLink.attachTcx({ ...at, ifindex: 9999 }),
      () => BpfLink.attachXdp({ ...at, ifindex: 9999, program: pass }),
      () => BpfLink.attachNetns({ program: report, netns: `/run/netns/${name}` }),
      () => BpfLink.attachNetns({ program: steer, netns: '/etc/hostname' }),
      () => BpfLink.attachCgroup({ program: report, path: '/', type: 'cgroup_device' }),
      () => attachClsact({ ...at, ifindex: 9999 }),
    );
  });
});

test('ring buffers', (t) => {
  const object = loaded(t);
  const [events, table, report] = [object.map('events'), object.map('table'), object.program('report')];
  assertNoneLeft(() => {
    using ring = new RingBuffer(events, () => undefined);
    report.testRun({ data: Buffer.alloc(64) });
    assert.equal(ring.consume(), 1);
    fails(() => new RingBuffer(table, () => undefined));
  });
});

test('sockets', (t) => {
  const { name, fd: netns } = namespaceOf(t);
  const client = { address: '10.0.0.1', port: 2000 };
  const server = { address: '10.0.0.2', port: 80 };
  const far = { address: '192.0.2.1', port: 80 };
  assertNoneLeft(() => {
    const own = openNetns(`/run/netns/${name}`);
    const listener = listenTransparent({ netns: own, port: 80, backlog: 1 });
    const acceptor = acceptConnections(listener, () => undefined);
    connectUpstream({ netns, client, server }, () => undefined).cancel();
    connectUpstream({ netns, client, server: far }, () => undefined).cancel();
    acceptor.close();
    fails(
      () => listenTransparent({ netns, port: 80, backlog: 1 }),
      () => upstreamSocket({ netns, client, server: far }),
      () => upstreamSocket({ netns, client: far, server: { ...server, address: 'fd00::1' } }),
      () => upstreamSocket({ netns: 0, client, server }),
      () => openNetns('/etc/hostname'),
      () => openNetns('/proc/self/ns/mnt'),
    );
    resetFd(upstreamSocket({ netns, client: { ...client, port: 0 }, server: { ...server, port: 81 } }));
    for (const fd of [listener, own]) closeFd(fd);
  });
});

test('attempts that fail later', async (t) => {
  const { fd: netns } = namespaceOf(t);
  const client = { address: '10.0.0.1', port: 0 };
  const server = { address: '10.0.0.2', port: 81 };
  const before = openDescriptors();
  let failed = 0;
  for (let i = 0; i < rounds; i++) {
    connectUpstream({ netns, client, server }, (error, fd) => {
      assert.ok(error !== undefined && fd === undefined);
      failed++;
    });
  }
  await eventually('all failed', () => failed === rounds || undefined);
  assertNoMoreThan(before);
});

test('locks and probes', (t) => {
  const path = join(directoryOf(t), 'lock');
  assertNoneLeft(() => {
    const lock = lockFile(path) ?? 0;
    assert.equal(lockFile(path), undefined);
    fails(() => lockFile('/absent/lock'));
    closeFd(lock);
    probeHelper('get_stack');
    probeMap('ringbuf');
  });
  // Each makes and drops a network namespace.
  assertNoneLeft(() => {
    probeHost('clsact');
    probeHost('tcp_repair');
    fails(() => probeHost('none' as 'tcx'));
  }, 20);
});
