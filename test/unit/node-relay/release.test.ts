/** A relay lets go of its connections between two exchanges, and whoever has them then misses nothing. */

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import net from 'node:net';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { closeFd } from '../../../native/index.ts';
import { RelaySocket } from '../../../proxy/node-relay/socket.ts';
import type { NodeRelay, Released } from '../../../proxy/node-relay.ts';
import type { ProtocolProgress } from '../../../proxy/progress.ts';
import type { Boundary, CloseCause } from '../../../proxy/relay.ts';
import { type Calls, relayOver, takeText, until, type Wiring, wire } from './wiring.ts';

const progress = (): ProtocolProgress => ({ at: 'http1' });

/** Passes lines both ways; between a line of the client and one of the server is no boundary. */
function lines({ downstream, upstream }: Wiring['relay']): Calls {
  let asked = 0;
  const line = (side: typeof downstream): boolean => {
    const end = Buffer.from(side.arrived()).indexOf('\n');
    if (end >= 0) side.forward(end + 1);
    return end >= 0;
  };
  return {
    onDownstream: () => {
      while (line(downstream)) asked++;
    },
    onUpstream: () => {
      while (line(upstream)) asked--;
    },
    boundary: (): Boundary | undefined => (asked === 0 ? 'http1' : undefined),
    progress,
  };
}

function release(node: NodeRelay, withinMs: number): Promise<Released | undefined> {
  return new Promise((resolve) => node.release(withinMs, resolve));
}

test('what arrives after the release waits for the next owner, who goes on', async () => {
  const { node, client, server, closed } = await wire(lines);
  client.write('one\n');
  assert.equal(await takeText(server, 4), 'one\n');
  server.write('ONE\n');
  assert.equal(await takeText(client, 4), 'ONE\n');

  const released = await release(node, 10_000);
  assert.deepEqual(released?.progress, { protocol: { at: 'http1' }, unread: { downstream: '', upstream: '' } });
  assert.equal(await closed, 'released');
  client.write('two\n');
  server.write('unasked\n');

  const next = relayOver(new RelaySocket(released.downstream), new RelaySocket(released.upstream), lines);
  assert.equal(await takeText(server, 4), 'two\n');
  assert.equal(await takeText(client, 8), 'unasked\n');
  client.end();
  server.end();
  client.resume();
  server.resume();
  await next.closed;
});

test('many hand-overs under load lose, double and mix nothing', async () => {
  const first = await wire(lines);
  const { client, server } = first;
  let rest = '';
  server.on('data', (chunk: Buffer) => {
    const whole = (rest + chunk.toString('latin1')).split('\n');
    rest = whole.pop() ?? '';
    for (const asked of whole) server.write(`re ${asked}\n`);
  });
  let answers = '';
  client.on('data', (chunk: Buffer) => {
    answers += chunk.toString('latin1');
    sendNext();
  });
  const total = 300;
  let sent = 0;
  const sendNext = (): void => {
    if (sent < total && answers.split('\n').length - 1 === sent) client.write(`${sent++}\n`);
  };
  sendNext();
  let node = first.node;
  let owners = 1;
  while (sent < total) {
    const released = await release(node, 10_000);
    assert.ok(released, 'between two lines is a boundary');
    node = relayOver(new RelaySocket(released.downstream), new RelaySocket(released.upstream), lines).node;
    owners++;
    await turn();
  }
  await until(() => answers.split('\n').length - 1 === total);
  assert.deepEqual(
    answers.trimEnd().split('\n'),
    Array.from({ length: total }, (_, index) => `re ${index}`),
  );
  assert.ok(owners > 10, `${owners} owners`);
  node.abort('agent-stopped');
});

test('within an exchange it waits for the end, and gives up in time', async () => {
  const { node, client, server, relay } = await wire(lines);
  client.write('one\n');
  await takeText(server, 4);
  assert.equal(await release(node, 20), undefined, 'the answer is due');
  const earlier = release(node, 10_000);
  const later = release(node, 10_000);
  assert.equal(await earlier, undefined, 'somebody asked anew');
  server.write('ONE');
  await until(() => relay.upstream.arrived().length === 3);
  server.write('\n');
  const released = await later;
  assert.ok(released);
  assert.equal(await takeText(client, 4), 'ONE\n');
  for (const fd of [released.downstream, released.upstream]) closeFd(fd);
});

test('bytes that the client does not read keep it', async () => {
  const big = 64 << 20;
  let forwarded = false;
  const { node, client, server } = await wire(({ upstream }) => ({
    onUpstream() {
      if (forwarded || upstream.arrived().length === 0) return;
      forwarded = true;
      upstream.forward(big);
    },
    boundary: () => 'http1',
    progress,
  }));
  client.pause();
  server.write(Buffer.alloc(big));
  await until(() => forwarded);
  assert.equal(await release(node, 20), undefined);
  const released = release(node, 10_000);
  client.resume();
  assert.ok(await released);
  for (const fd of Object.values((await released) ?? {})) if (typeof fd === 'number') closeFd(fd);
});

for (const [what, calls] of [
  ['a protocol that has none', {}],
  ['one that says so', { boundary: () => undefined }],
] as const) {
  test(`no boundary: ${what}`, async () => {
    const { node, closed } = await wire(() => calls);
    assert.equal(await release(node, 20), undefined);
    node.abort('drain');
    assert.equal(await release(node, 20), undefined, 'it is gone');
    assert.equal(await closed, 'drain' satisfies CloseCause);
  });
}

test('an end that came is no boundary', async () => {
  const { node, client, relay } = await wire(() => ({ boundary: () => 'http1', progress }));
  client.end();
  await until(() => relay.downstream.ended);
  assert.equal(await release(node, 20), undefined);
  node.abort('drain');
});

test('a tunnel that is busy both ways leaves again and again, and loses nothing', async () => {
  const tunnelling = ({ downstream, upstream }: Wiring['relay']): Calls => {
    downstream.tunnel();
    upstream.tunnel();
    return { boundary: () => 'tunnel', progress: () => ({ at: 'tunnel', request: '' }) };
  };
  const first = await wire(tunnelling);
  const { client, server } = first;
  const total = 48 << 20;
  const bytes = randomBytes(total);
  server.pipe(server);
  client.write(bytes);
  const echo: Buffer[] = [];
  client.on('data', (chunk: Buffer) => echo.push(chunk));
  let { node } = first;
  for (let owners = 0; owners < 20; owners++) {
    const released = await release(node, 10_000);
    assert.ok(released, `owner ${owners}`);
    node = relayOver(new RelaySocket(released.downstream), new RelaySocket(released.upstream), tunnelling).node;
    await turn();
  }
  await until(() => echo.reduce((sum, { length }) => sum + length, 0) === total);
  assert.ok(Buffer.concat(echo).equals(bytes));
  node.abort('agent-stopped');
});

test('what has not begun goes along unread, and begins after all when nobody takes it', async () => {
  let begun = 0;
  const patient = (relay: Wiring['relay']): Calls => ({
    onDownstream: () => {
      if (relay.leaving || relay.downstream.arrived().length === 0) return;
      begun++;
      relay.downstream.forward(relay.downstream.arrived().length);
    },
    boundary: () => (begun === 1 ? undefined : 'kafka'),
    progress: () => ({ at: 'kafka' }),
  });
  const { node, client, server, relay } = await wire(patient);
  client.write('one');
  assert.equal(await takeText(server, 3), 'one');
  const inVain = release(node, 200);
  client.write('two');
  await until(() => relay.downstream.arrived().length === 3);
  assert.equal(await inVain, undefined);
  assert.equal(await takeText(server, 3), 'two');

  begun = 1;
  const waiting = release(node, 10_000);
  client.write('three');
  await until(() => relay.downstream.arrived().length === 5);
  begun = 0;
  server.write('it is over');
  const released = await waiting;
  assert.ok(released);
  assert.equal(Buffer.from(released.progress.unread.downstream, 'base64').toString(), 'three');
  const { downstream, upstream, progress: told } = released;
  const next = relayOver(new RelaySocket(downstream), new RelaySocket(upstream), lines, { unread: told.unread });
  client.write('\n');
  assert.equal(await takeText(server, 6), 'three\n');
  next.node.abort('agent-stopped');
});

test("the relay before the release is Node's own socket no more", async () => {
  const { node, client, server } = await wire(lines);
  const released = await release(node, 10_000);
  assert.ok(released);
  const plain = new net.Socket({ fd: released.downstream });
  client.write('to a plain socket\n');
  assert.equal(await takeText(plain, 18), 'to a plain socket\n');
  plain.destroy();
  closeFd(released.upstream);
  server.resume();
  await until(() => server.readableEnded);
});
