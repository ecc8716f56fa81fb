/** How connections end: FIN by FIN, RST by RST, and everything delivered that was sent before. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { createNodeRelay } from '../../../proxy/node-relay.ts';
import type { CloseCause } from '../../../proxy/relay.ts';
import { listen, pair, resetOf, takeAll, takeText, tunnel, until, wire } from './wiring.ts';

for (const [first, cause] of [
  ['client', 'client-closed'],
  ['server', 'server-closed'],
] as const) {
  test(`a tunnel mirrors the half-close of the ${first}`, async () => {
    const wiring = await wire(tunnel);
    const [near, far] = first === 'client' ? [wiring.client, wiring.server] : [wiring.server, wiring.client];
    near.end('last words');
    assert.equal((await takeAll(far)).toString(), 'last words');
    far.write('an answer ');
    assert.equal(await takeText(near, 10), 'an answer ');
    far.end('and the end');
    assert.equal((await takeAll(near)).toString(), 'and the end');
    assert.equal(await wiring.closed, cause);
  });

  test(`a reset of the ${first} reaches the other side`, async () => {
    const wiring = await wire(tunnel);
    const [near, far] = first === 'client' ? [wiring.client, wiring.server] : [wiring.server, wiring.client];
    const died = resetOf(far);
    near.resetAndDestroy();
    assert.equal(await died, 'ECONNRESET');
    assert.equal(await wiring.closed, `${first}-reset`);
  });
}

test('an end within a tunnel that still holds bytes follows them', async () => {
  const { client, server, node, closed } = await wire(({ downstream }) => ({
    onDownstream() {
      if (downstream.ended) downstream.tunnel();
    },
  }));
  client.end('all of it');
  assert.equal((await takeAll(server)).toString(), 'all of it');
  node.abort('drain');
  await closed;
});

test('the protocol hears of an end with bytes missing, and decides', async () => {
  const heard: [boolean, number][] = [];
  const { client, server, closed } = await wire((relay) => ({
    onDownstream() {
      const { downstream } = relay;
      if (downstream.arrived().length > 0) downstream.forward(100);
      if (!downstream.ended) return;
      heard.push([downstream.ended, downstream.pending]);
      relay.close('reset', 'malformed');
    },
  }));
  const died = resetOf(server);
  client.end('0123456789');
  assert.equal(await closed, 'malformed');
  assert.equal(await died, 'ECONNRESET');
  assert.deepEqual(heard, [[true, 90]]);
});

test('what was to follow a truncated forward is not sent, its end is', async () => {
  const { client, server, node, closed } = await wire(({ upstream, downstream }) => ({
    onUpstream() {
      if (upstream.arrived().length === 0) return;
      upstream.forward(100);
      downstream.send(Buffer.from('must not be taken for the body'));
      downstream.end();
    },
  }));
  server.end('part');
  assert.equal((await takeAll(client)).toString(), 'part');
  node.abort('drain');
  await closed;
});

test('a graceful close delivers everything, to slow readers too', async () => {
  const big = Buffer.alloc(8 << 20, 'b');
  const { client, server, relay, closed } = await wire(() => ({}));
  relay.downstream.send(big);
  relay.upstream.send(big);
  relay.close('graceful', 'denied');
  relay.downstream.send(Buffer.from('too late'));
  // What a peer still sends is read away: unread bytes would turn the close into a reset.
  client.write(Buffer.alloc(1 << 20));
  const [toClient, toServer] = await Promise.all([takeAll(client), takeAll(server)]);
  assert.equal(toClient.length, big.length);
  assert.equal(toServer.length, big.length);
  client.end();
  server.end();
  assert.equal(await closed, 'denied');
});

test('the first cause stands', async () => {
  const { relay, node, client, closed } = await wire(() => ({}));
  const died = resetOf(client);
  relay.close('reset', 'limit');
  relay.close('graceful', 'drain');
  node.abort('agent-stopped');
  assert.equal(await closed, 'limit');
  assert.equal(await died, 'ECONNRESET');
});

test('a reset while a FIN is on its way waits for it and leaks nothing', async () => {
  const { relay, server, closed } = await wire(() => ({}));
  relay.upstream.end();
  relay.close('reset', 'denied');
  server.resume();
  assert.equal(await closed, 'denied');
});

test('one side closed in full closes the other', async () => {
  const { client, server, closed } = await wire(({ downstream }) => ({
    onDownstream() {
      if (downstream.ended) downstream.end();
    },
  }));
  client.end();
  client.resume();
  server.resume();
  await once(server, 'end');
  server.end();
  assert.equal(await closed, 'client-closed');
});

test('both ended and nothing decided is the end', async () => {
  const { client, server, closed } = await wire(() => ({}));
  client.resume().end();
  server.resume().end();
  assert.match(await closed, /^(client|server)-closed$/);
});

test('a socket that broke before the relay ends it, after it was made', async () => {
  const listener = await listen();
  const [downstream] = await pair(listener);
  const [upstream, server] = await pair(listener);
  listener.close();
  downstream.socket.destroy();
  await until(() => downstream.socket.closed);
  const { promise, resolve } = Promise.withResolvers<CloseCause>();
  let made = false;
  const idle = () => undefined;
  const quiet = () => ({
    onDownstream: idle,
    onUpstream: idle,
    onDrain: idle,
    onTimer: idle,
    onPolicy: idle,
    onStop: idle,
    onClosed: () => assert.ok(made),
  });
  createNodeRelay(downstream, upstream, quiet, { onClosed: resolve });
  made = true;
  server.resume().end();
  assert.equal(await promise, 'client-closed');
});

test('a socket that breaks before it has a relay is nobody’s exception', async () => {
  const listener = await listen();
  const [near, far] = await pair(listener);
  listener.close();
  far.resetAndDestroy();
  near.socket.resume();
  await until(() => near.socket.closed);
});
