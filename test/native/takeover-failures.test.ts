/** What can't be taken over is left as it is, and no descriptor with it. */

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import {
  buildTakeover,
  closeFd,
  listenTransparent,
  pauseSocket,
  releaseTakeover,
  type TakeoverOptions,
  tcpInfo,
} from '../../native/index.ts';
import { failing } from './failing.ts';
import { namespaceOf, openDescriptors } from './scratch.ts';
import { receives, send } from './takeover-scene.ts';

/** A pair whose two sockets, in one namespace, are each other's peer. */
function pair(netns: number, port = 4000): TakeoverOptions {
  const end = { peerWindow: 65_535, ownWindow: 65_535, mss: 1460, sackPermitted: true, timestamp: 7 };
  return {
    netns,
    client: { address: '10.0.0.1', port },
    server: { address: '10.0.0.2', port: 80 },
    towardsClient: { ...end, sndNext: 2000, sndUnacked: 2000, rcvNext: 1000 },
    towardsServer: { ...end, sndNext: 1000, sndUnacked: 1000, rcvNext: 2000 },
  };
}

function built(t: TestContext, options: TakeoverOptions): ReturnType<typeof buildTakeover> {
  const sockets = buildTakeover(options);
  t.after(() => {
    for (const fd of Object.values(sockets)) closeFd(fd);
  });
  return sockets;
}

test('a pair that can only be half built says nothing to anybody', async (t) => {
  const { fd: netns } = namespaceOf(t);
  const { downstream, upstream } = built(t, pair(netns));
  assert.throws(() => buildTakeover(pair(netns)), failing('REPAIR', 'EADDRNOTAVAIL'));
  const spare = buildTakeover(pair(netns, 4001));
  releaseTakeover(spare.downstream);
  // Its downstream half is free, and is the peer of the other one: that would hear of a close.
  assert.throws(() => buildTakeover(pair(netns, 4001)), failing('REPAIR', 'EADDRNOTAVAIL'));
  assert.equal(tcpInfo(spare.upstream).state, 'established');
  closeFd(spare.upstream);

  send(upstream, 'still');
  await receives(downstream, 'still');
});

test('their addresses may have listeners and other connections', async (t) => {
  const { fd: netns } = namespaceOf(t);
  const before = listenTransparent({ netns, port: 80, backlog: 1, reusePort: true });
  t.after(() => closeFd(before));
  built(t, pair(netns));
  built(t, { ...pair(netns), server: { address: '10.0.0.3', port: 80 } });
  const later = listenTransparent({ netns, port: 80, backlog: 1, reusePort: true });
  t.after(() => closeFd(later));
});

test('mistakes and bytes under way are refused', (t) => {
  const { fd: netns } = namespaceOf(t);
  const good = pair(netns);
  const { towardsClient } = good;
  const bad: Partial<TakeoverOptions>[] = [
    { client: { address: 'fd00::1', port: 1 } },
    { towardsClient: { ...towardsClient, rcvNext: 2 ** 32 } },
    { towardsClient: { ...towardsClient, sndNext: -1 } },
    { towardsClient: { ...towardsClient, peerWindow: 2 ** 31 } },
    { towardsClient: { ...towardsClient, scale: { peer: 15, own: 0 } } },
    { towardsClient: { ...towardsClient, mss: 0 } },
    { towardsClient: { ...towardsClient, timestamp: 0.5 } },
  ];
  for (const one of bad) assert.throws(() => buildTakeover({ ...good, ...one }), failing('ARGUMENT'));
  const unacked = { ...towardsClient, sndUnacked: 1998 };
  assert.throws(() => buildTakeover({ ...good, towardsClient: unacked }), failing('BUSY'));
  assert.throws(() => buildTakeover({ ...good, netns: 0 }), failing('NETNS'));
  const listener = listenTransparent({ netns, port: 81, backlog: 1 });
  t.after(() => closeFd(listener));
  assert.throws(() => pauseSocket(listener), failing('REPAIR', 'EPERM'));
  assert.throws(() => pauseSocket(netns), failing('REPAIR', 'ENOTSOCK'));
});

test('1,000 times: no descriptor is kept', (t) => {
  const { fd: netns } = namespaceOf(t);
  const options = pair(netns);
  const before = openDescriptors();
  const microseconds: number[] = [];
  for (let i = 0; i < 1000; i++) {
    const start = process.hrtime.bigint();
    const sockets = buildTakeover(options);
    microseconds.push(Number(process.hrtime.bigint() - start) / 1000);
    assert.throws(() => buildTakeover(options));
    for (const fd of Object.values(sockets)) releaseTakeover(fd);
  }
  assert.ok(openDescriptors() <= before);
  microseconds.sort((a, b) => a - b);
  t.diagnostic(`a takeover: median ${microseconds[500]?.toFixed(1)} µs, p99 ${microseconds[990]?.toFixed(1)} µs`);
});
