/** The calls a protocol gets: when, in which order, never nested, and what becomes of one that throws. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { NodeRelay } from '../../../proxy/node-relay.ts';
import { resetOf, takeAll, takeText, until, wire } from './wiring.ts';

test('calls never nest', async () => {
  let inside = 0;
  const calls: string[] = [];
  let control: NodeRelay | undefined;
  const { client, server, node, relay, closed } = await wire((given) => {
    const call = (name: string, act: () => void) => () => {
      assert.equal(inside, 0, `${name} within another call`);
      inside += 1;
      calls.push(name);
      act();
      inside -= 1;
    };
    const nothing = () => undefined;
    return {
      onDownstream: call('downstream', () => {
        // What would cause calls from within one.
        control?.policyChanged();
        control?.stop();
        given.downstream.forward(given.downstream.arrived().length);
      }),
      onUpstream: call('upstream', nothing),
      onDrain: call('drain', nothing),
      onPolicy: call('policy', () => given.close('graceful', 'policy-revoked')),
      onStop: call('stop', nothing),
      onClosed: call('closed', nothing),
    };
  });
  control = node;
  assert.equal(inside, 0);
  server.resume().once('end', () => server.end());
  client.resume().end('go');
  assert.equal(await closed, 'policy-revoked');
  assert.equal(relay.downstream.arrived().length, 0);
  assert.deepEqual(calls, ['downstream', 'upstream', 'downstream', 'policy', 'closed']);
});

test('policy and stop are passed on', async () => {
  const calls: string[] = [];
  const { node, closed } = await wire(() => ({
    onPolicy: () => void calls.push('policy'),
    onStop: () => void calls.push('stop'),
    onClosed: (cause) => void calls.push(cause),
  }));
  node.policyChanged();
  node.stop();
  node.abort('agent-stopped');
  node.policyChanged();
  node.stop();
  await closed;
  assert.deepEqual(calls, ['policy', 'stop', 'agent-stopped']);
});

for (const name of ['onDownstream', 'onUpstream', 'onTimer', 'onPolicy', 'onStop'] as const) {
  test(`a protocol that throws in ${name} is reset`, async () => {
    let armed = false;
    const { client, server, node, relay, closed } = await wire(() => ({
      [name]: () => {
        if (armed) throw new Error('a bug');
      },
    }));
    const died = resetOf(client);
    armed = true;
    if (name === 'onDownstream') client.write('x');
    else if (name === 'onUpstream') server.write('x');
    else if (name === 'onTimer') relay.timer(1);
    else if (name === 'onPolicy') node.policyChanged();
    else node.stop();
    assert.equal(await closed, 'internal-error');
    assert.equal(await died, 'ECONNRESET');
  });
}

test('a protocol that throws in onClosed, or cannot be made, still closes', async () => {
  const thrown = await wire(() => ({
    onClosed() {
      throw new Error('a bug');
    },
  }));
  thrown.node.abort('drain');
  assert.equal(await thrown.closed, 'drain');
  const unmade = await wire(() => {
    throw new Error('a bug');
  });
  assert.equal(await unmade.closed, 'internal-error');
});

test('misuse is a bug of the protocol', async () => {
  const misuses: ((relay: Parameters<Parameters<typeof wire>[0]>[0]) => void)[] = [
    ({ downstream }) => downstream.forward(-1),
    ({ downstream }) => downstream.skip(Number.NaN),
    ({ downstream, upstream }) => {
      downstream.tunnel();
      upstream.send(Buffer.from('x'));
    },
    ({ downstream }) => {
      downstream.tunnel();
      downstream.forward(1);
    },
    ({ upstream }) => {
      upstream.end();
      upstream.send(Buffer.from('x'));
    },
  ];
  for (const misuse of misuses) {
    const { closed, server } = await wire((relay) => ({
      onStop: () => misuse(relay),
      onUpstream: () => misuse(relay),
    }));
    server.resume();
    assert.equal(await closed, 'internal-error', String(misuse));
  }
});

test('a timer fires once; a new one replaces it, undefined stops it', async () => {
  let fired = 0;
  const { relay, node, closed } = await wire(() => ({
    onTimer() {
      fired += 1;
    },
  }));
  const start = performance.now();
  relay.timer(60_000);
  relay.timer(30);
  await until(() => fired === 1);
  assert.ok(performance.now() - start >= 29);
  relay.timer(10);
  relay.timer(60);
  const again = performance.now();
  await until(() => fired === 2);
  assert.ok(performance.now() - again >= 59, 'the later one counts');
  relay.timer(5);
  relay.timer(undefined);
  // Another one that is due later proves that this one's time has passed.
  let later = false;
  const other = await wire((given) => {
    given.timer(20);
    return {
      onTimer() {
        later = true;
      },
    };
  });
  await until(() => later);
  assert.equal(fired, 2);
  relay.timer(5);
  node.abort('drain');
  other.node.abort('drain');
  await Promise.all([closed, other.closed]);
  assert.equal(fired, 2);
});

test('a timer may be set anew from its own call', async () => {
  let fired = 0;
  const { node, closed } = await wire((relay) => {
    relay.timer(2);
    return {
      onTimer() {
        fired += 1;
        if (fired < 3) relay.timer(2);
      },
    };
  });
  await until(() => fired === 3);
  node.abort('drain');
  await closed;
});

test('a connection on which nothing moves is closed', async () => {
  const { client, server, closed } = await wire(() => ({}), {
    timeouts: { idleMs: 1, writeMs: 60_000, lingerMs: 60_000 },
  });
  await Promise.all([takeAll(client), takeAll(server)]);
  client.end();
  server.end();
  assert.equal(await closed, 'idle-timeout');
});

test('a peer that takes nothing is reset', async () => {
  const { client, relay, closed } = await wire(() => ({}), {
    timeouts: { idleMs: 60_000, writeMs: 1, lingerMs: 60_000 },
  });
  client.pause();
  while (relay.downstream.backlog === 0) relay.downstream.send(Buffer.alloc(1 << 20));
  assert.equal(await closed, 'write-timeout');
  assert.equal(await resetOf(client), 'ECONNRESET');
});

test('a graceful close does not wait for ever', async () => {
  const { client, server, relay, closed } = await wire(() => ({}), {
    timeouts: { idleMs: 60_000, writeMs: 60_000, lingerMs: 1 },
  });
  // One never reads, the other never ends.
  client.pause();
  while (relay.downstream.backlog === 0) relay.downstream.send(Buffer.alloc(1 << 20));
  relay.upstream.send(Buffer.from('bye'));
  relay.close('graceful', 'drain');
  assert.equal(await takeText(server, 3), 'bye');
  assert.equal(await closed, 'drain');
  assert.equal(await resetOf(client), 'ECONNRESET');
  server.destroy();
});
