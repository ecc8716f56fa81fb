/** Transparent sockets in a namespace in which every address of 10/8 and fd00::/8 is local. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import {
  acceptConnections,
  closeFd,
  connectUpstream,
  duplicateFd,
  endOnClose,
  listenTransparent,
  type NativeError,
  resetFd,
  type SocketAddress,
  setTcpOptions,
  shutdownWrite,
  socketAddresses,
  tcpInfo,
  type UpstreamOptions,
  upstreamSocket,
} from '../../native/index.ts';
import { eventually } from '../netns/eventually.ts';
import { failing } from './failing.ts';
import { ip, namespaceOf } from './scratch.ts';

interface Accepted {
  readonly fd: number;
  readonly remote: SocketAddress;
  readonly local: SocketAddress;
}

function listening(t: TestContext, netns: number, port: number): { next: () => Promise<Accepted>; close: () => void } {
  const waiting: Accepted[] = [];
  const listener = listenTransparent({ netns, port, backlog: 16 });
  const acceptor = acceptConnections(listener, (fd, remote, local) => waiting.push({ fd, remote, local }));
  let open = true;
  const close = (): void => {
    if (!open) return;
    open = false;
    acceptor.close();
    closeFd(listener);
  };
  t.after(close);
  return { next: async () => eventually('a connection', () => waiting.shift()), close };
}

async function connected(options: UpstreamOptions): Promise<number> {
  return new Promise((resolve, reject) => {
    connectUpstream(options, (error, fd) => (fd === undefined ? reject(error as Error) : resolve(fd)));
  });
}

/** What an attempt fails with. */
async function failure(options: UpstreamOptions): Promise<NativeError> {
  return new Promise((resolve, reject) => {
    connectUpstream(options, (error, fd) => (error ? resolve(error) : reject(new Error(`connected ${fd}`))));
  });
}

const pairs = [
  { client: { address: '10.1.1.1', port: 4321 }, server: { address: '10.2.2.2', port: 80 } },
  { client: { address: 'fd00:1::1', port: 4321 }, server: { address: 'fd00:2::2', port: 80 } },
] as const;

for (const { client, server } of pairs) {
  test(`the server sees ${client.address} with its own port`, async (t) => {
    const { fd: netns } = namespaceOf(t);
    const { next } = listening(t, netns, server.port);
    const upstream = await connected({ netns, client, server });
    const accepted = await next();
    assert.deepEqual([accepted.remote, accepted.local], [client, server]);
    assert.deepEqual(socketAddresses(upstream), { local: client, remote: server });
    assert.equal(tcpInfo(upstream).state, 'established');
    assert.equal(tcpInfo(upstream).options.sack, true);

    const [near, far] = [new Socket({ fd: upstream }), new Socket({ fd: accepted.fd })];
    near.write('hello');
    assert.deepEqual((await once(far, 'data'))[0], Buffer.from('hello'));
    far.end('bye');
    assert.deepEqual((await once(near, 'data'))[0], Buffer.from('bye'));
    near.end();
    await Promise.all([once(near, 'close'), once(far, 'close')]);
  });
}

test('a reset and an end reach the other side', async (t) => {
  const { fd: netns } = namespaceOf(t);
  const { client, server } = pairs[0];
  const { next } = listening(t, netns, server.port);
  const first = await connected({ netns, client, server });
  const one = await next();
  shutdownWrite(first);
  await eventually('its end arrives', () => tcpInfo(one.fd).state === 'close-wait' || undefined);
  resetFd(one.fd);
  await eventually('the reset arrives', () => tcpInfo(first).state === 'close' || undefined);
  assert.throws(() => shutdownWrite(first), failing('SOCKET', 'ENOTCONN'));
  assert.deepEqual(socketAddresses(first).remote, undefined);
  closeFd(first);

  const second = await connected({ netns, client: { ...client, port: 4322 }, server });
  const two = await next();
  const reader = new Socket({ fd: second });
  const reset = once(reader, 'error');
  reader.resume();
  closeFd(two.fd);
  assert.equal(
    (await reset)[0].code,
    'ECONNRESET',
    'who closes without more, as the kernel does for who is killed, resets',
  );

  const third = await connected({ netns, client: { ...client, port: 4323 }, server });
  const three = await next();
  endOnClose(three.fd);
  const ended = new Socket({ fd: third });
  const end = once(ended, 'end');
  ended.resume();
  closeFd(three.fd);
  await end;
  ended.destroy();
});

test('options are set; a value out of range is refused', async (t) => {
  const { fd: netns } = namespaceOf(t);
  const { client, server } = pairs[0];
  listening(t, netns, server.port);
  const fd = await connected({ netns, client, server, mss: 1000 });
  assert.ok(tcpInfo(fd).sndMss <= 1000, String(tcpInfo(fd).sndMss));
  setTcpOptions(fd, {
    noDelay: true,
    keepAlive: true,
    keepAliveIdleSeconds: 10,
    keepAliveIntervalSeconds: 5,
    keepAliveProbes: 3,
    maxSegment: 500,
    userTimeoutMs: 1000,
  });
  assert.throws(() => setTcpOptions(fd, { keepAliveProbes: 0 }), failing('ARGUMENT'));
  assert.throws(() => setTcpOptions(fd, { maxSegment: 1.5 }), failing('ARGUMENT'));
  assert.throws(() => setTcpOptions(fd, { noDelay: 1 as unknown as boolean }), failing('ARGUMENT'));
  closeFd(fd);
  assert.throws(() => tcpInfo(fd), failing('SOCKET', 'EBADF'));
  assert.throws(() => closeFd(fd), failing('SOCKET', 'EBADF'));
});

test('every failure of an attempt has its name', async (t) => {
  const { name, fd: netns } = namespaceOf(t);
  const { client, server } = pairs[0];
  const refused = await failure({ netns, client, server });
  assert.ok(failing('CONNECT', 'ECONNREFUSED')(refused));
  assert.match(refused.message, /10\.1\.1\.1:4321 to 10\.2\.2\.2:80/);
  assert.ok(
    failing('CONNECT', 'ENETUNREACH')(await failure({ netns, client, server: { ...server, address: '192.0.2.1' } })),
  );
  ip('-n', name, 'route', 'add', 'unreachable', '192.0.2.0/24');
  assert.ok(
    failing('CONNECT', 'EHOSTUNREACH')(await failure({ netns, client, server: { ...server, address: '192.0.2.1' } })),
  );

  const { next } = listening(t, netns, server.port);
  const first = await connected({ netns, client, server });
  const accepted = await next();
  assert.ok(failing('CONNECT', 'EADDRNOTAVAIL')(await failure({ netns, client, server })), 'the same four numbers');
  for (const fd of [first, accepted.fd]) closeFd(fd);
});

test('a mistake of the caller is thrown, not told', (t) => {
  const { fd: netns } = namespaceOf(t);
  const [{ client, server }, v6] = pairs;
  const bad: UpstreamOptions[] = [
    { netns, client, server: v6.server },
    { netns, client: { ...client, address: 'host' }, server },
    { netns, client: { ...client, address: '::ffff:10.1.1.1' }, server },
    { netns, client: { ...client, port: 65536 }, server },
    { netns, client, server, mss: 10 },
  ];
  for (const options of bad) {
    assert.throws(() => connectUpstream(options, () => undefined), failing('ARGUMENT'));
    assert.throws(() => upstreamSocket(options), failing('ARGUMENT'));
  }
  assert.throws(() => listenTransparent({ netns, port: -1, backlog: 1 }), failing('ARGUMENT'));
  assert.throws(() => listenTransparent({ netns, port: 0, backlog: 0 }), failing('ARGUMENT'));
  assert.throws(() => listenTransparent({ netns: 0, port: 0, backlog: 1 }), failing('NETNS', 'EINVAL'));
});

test('an attempt that is cancelled tells nothing more', async (t) => {
  const { fd: netns } = namespaceOf(t);
  const { client, server } = pairs[0];
  const { next } = listening(t, netns, server.port);
  let called = false;
  const attempt = connectUpstream({ netns, client, server }, () => {
    called = true;
  });
  attempt.cancel();
  attempt.cancel();
  const refused = connectUpstream({ netns, client, server: { ...server, address: '192.0.2.1' } }, () => {
    called = true;
  });
  refused.cancel();
  const later = await connected({ netns, client: { ...client, port: 4322 }, server });
  assert.equal(called, false);
  const cancelled = await next();
  const other = await next();
  for (const fd of [cancelled.fd, other.fd, later]) closeFd(fd);
});

test('workers share a port; others are told that it is taken', (t) => {
  const { fd: netns } = namespaceOf(t);
  const first = listenTransparent({ netns, port: 80, backlog: 1, reusePort: true });
  const second = listenTransparent({ netns, port: 80, backlog: 1, reusePort: true });
  assert.throws(() => listenTransparent({ netns, port: 80, backlog: 1 }), failing('SOCKET', 'EADDRINUSE'));
  assert.deepEqual(socketAddresses(first), { local: { address: '::', port: 80 } });
  for (const fd of [first, second]) closeFd(fd);
});

test('sockets stay in their namespace, and the thread in its own', async (t) => {
  const [here, there] = [namespaceOf(t).fd, namespaceOf(t).fd];
  const { client, server } = pairs[0];
  listening(t, here, server.port);
  assert.ok(failing('CONNECT', 'ECONNREFUSED')(await failure({ netns: there, client, server })));
  closeFd(await connected({ netns: here, client, server }));
});

test('a duplicate is another name of the same socket', () => {
  const listener = listenTransparent({ port: 0, backlog: 1 });
  const other = duplicateFd(listener);
  assert.notEqual(other, listener);
  closeFd(listener);
  assert.ok(socketAddresses(other).local.port > 0);
  closeFd(other);
  assert.throws(() => duplicateFd(other), { code: 'SOCKET', errnoName: 'EBADF' });
});
