/** Live connections whose both ends are rebuilt between them: neither notices. */

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { Socket } from 'node:net';
import { after, type TestContext, test } from 'node:test';
import {
  buildTakeover,
  closeFd,
  pauseSocket,
  releaseTakeover,
  resetFd,
  shutdownWrite,
  silenceSocket,
  socketPosition,
  type TakeoverSnapshot,
  tcpInfo,
} from '../../native/index.ts';
import { eventually } from '../netns/eventually.ts';
import { families } from '../netns/topology.ts';
import { type Connection, receives, Scene, send } from './takeover-scene.ts';

const scene = new Scene();
after(() => scene.close());

interface Middle {
  readonly downstream: number;
  readonly upstream: number;
}

/** Text both ways by hand, then half a megabyte both ways by pipes, then both ends. */
async function goesOn({ client, server }: Connection, { downstream, upstream }: Middle): Promise<void> {
  send(client, 'asked');
  await receives(downstream, 'asked');
  send(upstream, 'asked');
  await receives(server, 'asked');
  send(server, 'answered');
  await receives(upstream, 'answered');
  send(downstream, 'answered');
  await receives(client, 'answered');
  for (const fd of [client, server, downstream, upstream]) assert.equal(tcpInfo(fd).retransmits, 0, 'nothing was lost');

  const [near, far, left, right] = [client, server, downstream, upstream].map((fd) => new Socket({ fd })) as [
    Socket,
    Socket,
    Socket,
    Socket,
  ];
  left.pipe(right);
  right.pipe(left);
  await Promise.all([carries(near, far), carries(far, near)]);
  assert.equal(tcpInfo(client).rcvMss, tcpInfo(server).sndMss, 'segments as large as the server would send');
  assert.equal(tcpInfo(server).rcvMss, tcpInfo(client).sndMss, 'segments as large as the client would send');
  const closed = Promise.all([near, far, left, right].map(async (socket) => once(socket, 'close')));
  near.end();
  far.end();
  await closed;
}

async function carries(from: Socket, to: Socket): Promise<void> {
  const sent = randomBytes(500_000);
  const chunks: Buffer[] = [];
  let size = 0;
  const whole = new Promise<void>((resolve) => {
    to.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      size += chunk.length;
      if (size >= sent.length) resolve();
    });
  });
  from.write(sent);
  await whole;
  assert.ok(Buffer.concat(chunks).equals(sent));
}

async function talked(t: TestContext, family: 4 | 6, mss?: number): Promise<Connection> {
  const connection = await scene.connect(t, family, mss);
  send(connection.client, 'before');
  await receives(connection.server, 'before');
  send(connection.server, 'after');
  await receives(connection.client, 'after');
  return connection;
}

/** Until the kernel's delayed acknowledgement: nothing can be read before. */
async function settled({ client, server }: Connection): Promise<void> {
  await eventually('all is acknowledged', () => {
    const [asked, answered] = [tcpInfo(client), tcpInfo(server)];
    return (
      (asked.bytesAcked === answered.bytesReceived + 1 && answered.bytesAcked === asked.bytesReceived) || undefined
    );
  });
}

const variants: readonly { name: string; off: readonly string[]; mss?: number }[] = [
  { name: 'all options', off: [] },
  { name: 'no timestamps', off: ['timestamps'] },
  { name: 'no SACK', off: ['sack'] },
  { name: 'no window scaling', off: ['window_scaling'] },
  { name: 'no options at all', off: ['timestamps', 'sack', 'window_scaling'] },
  { name: 'segments of 100 bytes', off: [], mss: 100 },
];

for (const family of families) {
  for (const { name, off, mss } of variants) {
    test(`IPv${family}, ${name}: both ends go on`, async (t) => {
      for (const option of off) scene.clientSysctl(`net.ipv4.tcp_${option}`, '0');
      const connection = await talked(t, family, mss);
      for (const option of off) scene.clientSysctl(`net.ipv4.tcp_${option}`, '1');
      await settled(connection);
      const { options } = tcpInfo(connection.client);
      const has = { timestamps: options.timestamps, sack: options.sack, window_scaling: options.windowScaling };
      for (const [option, on] of Object.entries(has)) assert.equal(on, !off.includes(option), option);

      const snapshot = scene.snapshot(connection);
      const middle = buildTakeover(snapshot);
      scene.divert();
      const [towardsClient, towardsServer] = [releaseTakeover(middle.downstream), releaseTakeover(middle.upstream)];
      assert.deepEqual(withoutClock(towardsClient), withoutClock(snapshot.towardsClient));
      assert.deepEqual(withoutClock(towardsServer), withoutClock(snapshot.towardsServer));
      const again = buildTakeover({ ...snapshot, towardsClient, towardsServer });
      await goesOn(connection, again);
    });
  }
}

function withoutClock({ timestamp, ...rest }: TakeoverSnapshot): object {
  return { ...rest, hasTimestamp: timestamp !== undefined };
}

for (const family of families) {
  test(`IPv${family}: what is not handed over comes again by itself`, async (t) => {
    const connection = await talked(t, family);
    await settled(connection);
    const snapshot = scene.snapshot(connection);
    scene.freeze();
    send(connection.client, 'GET / HTTP/1.1\r\n');
    const { downstream, upstream } = buildTakeover(snapshot);
    scene.divert();
    await receives(downstream, 'GET / HTTP/1.1\r\n');
    send(upstream, 'GET / HTTP/1.1\r\n');
    await receives(connection.server, 'GET / HTTP/1.1\r\n');
    for (const fd of [connection.client, connection.server, downstream, upstream]) closeFd(fd);
  });

  test(`IPv${family}: given back, the ends talk to each other again`, async (t) => {
    const connection = await talked(t, family);
    await settled(connection);
    const { downstream, upstream } = buildTakeover(scene.snapshot(connection));
    scene.divert();
    send(connection.client, 'asked');
    await receives(downstream, 'asked');
    send(upstream, 'asked');
    await receives(connection.server, 'asked');
    await eventually('idle', () => tcpInfo(upstream).bytesAcked === 5 || undefined);
    scene.freeze();
    const [left, right] = [releaseTakeover(downstream), releaseTakeover(upstream)];
    assert.deepEqual([left.rcvNext, left.sndNext], [right.sndNext, right.rcvNext], 'nothing was injected');
    scene.forward();
    send(connection.server, 'answered');
    await receives(connection.client, 'answered');
    send(connection.client, 'asked again');
    await receives(connection.server, 'asked again');
    for (const fd of [connection.client, connection.server]) assert.equal(tcpInfo(fd).state, 'established');
    for (const fd of [connection.client, connection.server]) closeFd(fd);
  });
}

test('a peer whose window is closed gets its bytes when it opens', async (t) => {
  const connection = await talked(t, 4);
  await settled(connection);
  const snapshot = scene.snapshot(connection);
  const { downstream, upstream } = buildTakeover({
    ...snapshot,
    towardsClient: { ...snapshot.towardsClient, peerWindow: 0 },
  });
  scene.divert();
  send(downstream, 'late');
  await receives(connection.client, 'late');
  for (const fd of [connection.client, connection.server, downstream, upstream]) closeFd(fd);
});

test('a byte that counts as sent is acknowledged with the next ones', async (t) => {
  const connection = await talked(t, 4);
  await settled(connection);
  const snapshot = scene.snapshot(connection);
  const oneLess = (end: TakeoverSnapshot): TakeoverSnapshot => ({ ...end, sndUnacked: (end.sndNext - 1) >>> 0 });
  const middle = buildTakeover({
    ...snapshot,
    towardsClient: oneLess(snapshot.towardsClient),
    towardsServer: oneLess(snapshot.towardsServer),
  });
  assert.equal(tcpInfo(middle.downstream).rttUs, 0);
  scene.divert();
  await goesOn(connection, middle);
});

test('sequence numbers pass 2^32', async (t) => {
  const { client, server } = scene.addresses(4);
  t.after(() => scene.forward());
  const end = {
    peerWindow: 65_535,
    ownWindow: 65_535,
    scale: { peer: 7, own: 7 },
    mss: 1460,
    sackPermitted: true,
    timestamp: 2 ** 32 - 2,
  };
  const [asks, answers] = [2 ** 32 - 12, 2 ** 32 - 1];
  const towardsServer = { ...end, sndNext: asks, sndUnacked: asks, rcvNext: answers };
  const towardsClient = { ...end, sndNext: answers, sndUnacked: answers, rcvNext: asks };
  // Each station keeps one end of the pair that was built in it.
  const inClient = buildTakeover({ netns: scene.netns.client, client, server, towardsClient, towardsServer });
  const inServer = buildTakeover({ netns: scene.netns.server, client, server, towardsClient, towardsServer });
  releaseTakeover(inClient.downstream);
  releaseTakeover(inServer.upstream);
  const connection = { client: inClient.upstream, server: inServer.downstream, addresses: { client, server } };
  send(connection.client, 'before');
  await receives(connection.server, 'before');
  await eventually('acknowledged', () => tcpInfo(connection.client).bytesAcked === 6 || undefined);
  const middle = buildTakeover(scene.snapshot(connection));
  scene.divert();
  await goesOn(connection, middle);
});

test('an end leaves the socket alone, and so does what is under way', async (t) => {
  const connection = await talked(t, 4);
  await settled(connection);
  const { client, server } = connection;
  scene.freeze();
  send(client, 'lost');
  assert.throws(() => releaseTakeover(client), { code: 'BUSY', message: '4 bytes were sent and not acknowledged' });
  scene.forward();
  await receives(server, 'lost');
  send(server, 'unread');
  await eventually('it arrives', () => tcpInfo(client).bytesReceived === 11 || undefined);
  assert.throws(() => pauseSocket(client), { code: 'BUSY', message: '6 bytes were received and not read' });
  await receives(client, 'unread');
  await settled(connection);
  shutdownWrite(server);
  await eventually('the end arrives', () => tcpInfo(client).state === 'close-wait' || undefined);
  for (const fd of [client, server]) assert.throws(() => pauseSocket(fd), { code: 'BUSY' });
  send(client, 'still');
  await receives(server, 'still');
  for (const fd of [client, server]) closeFd(fd);
});

test('a live socket tells where it stands, and one that is silenced closes without a word', async (t) => {
  const connection = await talked(t, 4);
  await settled(connection);
  const { client, server } = connection;
  const [before, facing] = [socketPosition(client), socketPosition(server)];
  assert.equal(before.sndNext, facing.rcvNext);
  assert.equal(before.sndUnacked, before.sndNext);
  send(server, 'unread');
  const after = await eventually('it arrives', () => {
    const position = socketPosition(client);
    return position.unread === 6 ? position : undefined;
  });
  assert.equal(after.rcvNext, (before.rcvNext + 6) >>> 0);
  assert.equal(after.sndNext, before.sndNext);
  await receives(client, 'unread');
  send(client, 'goes on');
  await receives(server, 'goes on');
  send(server, 'never read');
  silenceSocket(client);
  closeFd(client);
  assert.equal(tcpInfo(server).state, 'established', 'neither FIN nor RST');
  assert.throws(() => socketPosition(client), { code: 'REPAIR' });
  resetFd(server);
});
