/** What the protocol decides is what leaves, in order, whatever pieces it arrives in. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Relay } from '../../../proxy/relay.ts';
import { limits } from '../../../src/limits.ts';
import { take, takeText, tunnel, until, wire } from './wiring.ts';

const text = (bytes: Uint8Array) => Buffer.from(bytes).toString('latin1');

test('a tunnel passes both ways', async () => {
  const { client, server, node, closed } = await wire(tunnel);
  client.write('ping');
  assert.equal(await takeText(server, 4), 'ping');
  server.write('pong');
  assert.equal(await takeText(client, 4), 'pong');
  node.abort('agent-stopped');
  assert.equal(await closed, 'agent-stopped');
});

test('bytes that are left grow into one view', async () => {
  const views: string[] = [];
  const { client, node, closed } = await wire(({ downstream }) => ({
    onDownstream: () => void views.push(text(downstream.arrived())),
  }));
  for (const [piece, whole] of [
    ['a', 'a'],
    ['bc', 'abc'],
    ['x'.repeat(5000), `abc${'x'.repeat(5000)}`],
    ['z', `abc${'x'.repeat(5000)}z`],
  ] as const) {
    client.write(piece);
    await until(() => views.at(-1) === whole);
  }
  assert.equal(views[0], '');
  node.abort('drain');
  await closed;
});

test('forward and skip reach beyond what arrived without a call', async () => {
  const seen: string[] = [];
  const { client, server, node, closed, relay } = await wire(({ downstream }) => ({
    onDownstream() {
      const arrived = text(downstream.arrived());
      seen.push(arrived);
      if (arrived === 'ab') downstream.forward(6);
      else if (arrived === '!') downstream.skip(4);
      else downstream.forward(arrived.length);
    },
  }));
  client.write('ab');
  await until(() => relay.downstream.pending === 4);
  assert.equal(relay.downstream.arrived().length, 0);
  client.write('cd');
  assert.equal(await takeText(server, 4), 'abcd');
  client.write('ef!');
  assert.equal(await takeText(server, 2), 'ef');
  client.write('???end');
  assert.equal(await takeText(server, 3), 'end');
  assert.deepEqual(seen, ['', 'ab', '!', 'end']);
  node.abort('drain');
  await closed;
});

test('what is sent during a forward leaves after it', async () => {
  const { client, server, node, closed, relay } = await wire(({ upstream, downstream }) => ({
    onUpstream() {
      if (upstream.arrived().length !== 2) return;
      upstream.forward(4);
      downstream.send(Buffer.from('[own]'));
      upstream.skip(1);
      upstream.forward(3);
      downstream.send(Buffer.from('[end]'));
      downstream.end();
    },
  }));
  server.write('12');
  assert.equal(await takeText(client, 2), '12');
  assert.equal(relay.upstream.pending, 6);
  assert.equal(relay.downstream.backlog, 10);
  server.write('34xabc');
  assert.equal(await takeText(client, 15), '34[own]abc[end]');
  await until(() => client.readableEnded || client.read() === null);
  node.abort('drain');
  await closed;
});

test('a skip holds back nothing that is sent the other way', async () => {
  const { client, node, closed, relay } = await wire(({ upstream, downstream }) => ({
    onDownstream() {
      if (downstream.arrived().length === 0) return;
      upstream.skip(100);
      downstream.send(Buffer.from('denied'));
    },
  }));
  client.write('x');
  assert.equal(await takeText(client, 6), 'denied');
  assert.equal(relay.upstream.pending, 100);
  node.abort('drain');
  await closed;
});

test('many small decisions of one turn leave in order', async () => {
  const { client, server, node, closed } = await wire(({ downstream, upstream }) => ({
    onDownstream() {
      while (downstream.arrived().length >= 3) {
        downstream.forward(1);
        upstream.send(Buffer.from('-'));
        downstream.skip(1);
        downstream.forward(1);
      }
    },
  }));
  client.write('aXb'.repeat(3000));
  assert.equal(await takeText(server, 9000), 'a-b'.repeat(3000));
  node.abort('drain');
  await closed;
});

test('random cuts come out as random cuts went in', async () => {
  let state = 12345;
  const random = (below: number) => {
    state = (state * 1103515245 + 12345) & 0x7fffffff;
    return state % below;
  };
  const sent = Buffer.from(Array.from({ length: 3_000_000 }, (_, at) => (at * 31 + (at >> 8)) & 255));
  const expected: Buffer[] = [];
  let position = 0;
  const decide = ({ downstream, upstream }: Relay) => ({
    onDownstream() {
      while (downstream.arrived().length > 0 && downstream.pending === 0) {
        const count = 1 + random(random(2) === 0 ? 90_000 : 300);
        const chosen = sent.subarray(position, position + count);
        position += chosen.length;
        const choice = random(4);
        if (choice === 0) {
          downstream.skip(chosen.length);
        } else if (choice === 1) {
          const own = Buffer.from(`<${position}>`);
          downstream.forward(chosen.length);
          upstream.send(own);
          expected.push(chosen, own);
        } else {
          downstream.forward(chosen.length);
          expected.push(chosen);
        }
      }
    },
  });
  const { client, server, node, closed } = await wire(decide);
  for (let at = 0; at < sent.length; ) {
    const count = 1 + random(100_000);
    client.write(sent.subarray(at, at + count));
    at += count;
  }
  const got: Buffer[] = [];
  server.on('data', (chunk) => got.push(chunk));
  const length = (parts: Buffer[]) => parts.reduce((sum, part) => sum + part.length, 0);
  await until(() => position === sent.length && length(got) === length(expected));
  assert.ok(Buffer.concat(got).equals(Buffer.concat(expected)));
  node.abort('drain');
  await closed;
});

test('own bytes may be any view', async () => {
  const { client, node, closed } = await wire(({ downstream }) => {
    downstream.send(new Uint8Array([1, 2, 3, 4]).subarray(1, 3));
    return {};
  });
  assert.deepEqual([...(await take(client, 2))], [2, 3]);
  node.abort('drain');
  await closed;
});

test('answers that wait for a forward do not stop the bytes it waits for', async () => {
  const answers = 3 * limits.relayBacklogHighBytes;
  let drains = 0;
  const { client, server, relay, node, closed } = await wire(({ upstream, downstream }) => ({
    onUpstream() {
      if (upstream.arrived().length === 0 || upstream.pending > 0) return;
      upstream.forward(1000);
      downstream.send(Buffer.alloc(answers, 'a'));
    },
    onDrain() {
      drains += 1;
    },
  }));
  server.write('f'.repeat(10));
  await until(() => relay.upstream.pending === 990);
  assert.equal(relay.downstream.backlog, answers);
  server.write('f'.repeat(990));
  assert.equal(await takeText(client, 1000 + answers), 'f'.repeat(1000) + 'a'.repeat(answers));
  await until(() => drains === 1);
  node.abort('drain');
  await closed;
});

test('a protocol that stops at a backlog hears that the kernel took it in the same turn', async () => {
  const heard: string[] = [];
  const { client, relay, node, closed } = await wire(({ downstream }) => ({
    onStop() {
      while (downstream.backlog <= limits.relayBacklogHighBytes) downstream.send(Buffer.alloc(4096));
      heard.push('stopped');
    },
    onDrain: () => void heard.push('drained'),
  }));
  client.resume();
  node.stop();
  await until(() => heard.length === 2);
  assert.deepEqual(heard, ['stopped', 'drained']);
  assert.equal(relay.downstream.backlog, 0);
  node.abort('drain');
  await closed;
});
