/** Much data, and peers that do not read it: everything arrives, and memory stays bounded. */

import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { test } from 'node:test';
import { limits } from '../../../src/limits.ts';
import { chunk, digest, pour } from './stream.ts';
import { connectTo, relayOver, tunnel, until, wire } from './wiring.ts';

test('64 MiB both ways at once, in bounded memory', async () => {
  const mebibytes = 64;
  const hash = createHash('sha256');
  for (let at = 0; at < mebibytes; at += 1) hash.update(chunk);
  const expected = { bytes: mebibytes << 20, sha: hash.digest('hex') };
  // The far ends have a process of their own: here they would weigh more than the relay.
  const ends = fork(new URL('./far-ends.ts', import.meta.url), [String(mebibytes)]);
  const [port] = (await once(ends, 'message')) as [number];
  const results = once(ends, 'message');
  const downstream = await connectTo(port);
  const upstream = await connectTo(port);
  const before = process.memoryUsage.rss();
  let peak = 0;
  const watch = setInterval(() => {
    peak = Math.max(peak, process.memoryUsage.rss());
  }, 5);
  const { closed } = relayOver(downstream, upstream, tunnel);
  assert.match(await closed, /^(client|server)-closed$/);
  clearInterval(watch);
  assert.deepEqual((await results)[0], [expected, expected]);
  assert.ok(peak - before < 32 << 20, `grew by ${peak - before} bytes`);
});

test('a peer that does not read stops the other, and reads everything later', async () => {
  let drains = 0;
  const { client, server, relay, closed } = await wire((given) => {
    tunnel(given);
    return {
      onDrain() {
        drains += 1;
      },
    };
  });
  pour(client, 64);
  let last = -1;
  // Stalled: nothing has moved over a thousand turns of the loop.
  let turns = 0;
  await until(() => {
    turns = client.bytesWritten - client.writableLength === last ? turns + 1 : 0;
    last = client.bytesWritten - client.writableLength;
    return relay.upstream.backlog > limits.relayBacklogHighBytes && turns > 1000;
  });
  assert.ok(relay.upstream.backlog <= limits.relayBacklogHighBytes + 2 * 64 * 1024, `${relay.upstream.backlog} wait`);
  assert.equal(drains, 0);
  const got = digest(server);
  assert.equal((await got).bytes, 64 << 20);
  assert.ok(drains > 0);
  server.end();
  assert.equal(await closed, 'client-closed');
});

test('a protocol that consumes nothing holds no more than the limit and a read', async () => {
  const { client, server, relay, node, closed } = await wire(() => ({}));
  pour(client, 32);
  await until(() => relay.downstream.arrived().length >= limits.relayArrivalBytes);
  let turns = 0;
  let last = 0;
  await until(() => {
    turns = relay.downstream.arrived().length === last ? turns + 1 : 0;
    last = relay.downstream.arrived().length;
    return turns > 1000;
  });
  assert.ok(last <= limits.relayArrivalBytes + 64 * 1024, `${last} arrived`);
  const got = digest(server);
  relay.downstream.tunnel();
  assert.equal((await got).bytes, 32 << 20);
  node.abort('drain');
  await closed;
});

test('what is small and waits costs what it is', async () => {
  const { client, server, relay, node, closed } = await wire(() => ({}));
  client.resume();
  server.pause();
  // Past the kernel's buffers, then a hundred thousand single bytes.
  while (relay.upstream.backlog === 0) relay.upstream.send(chunk);
  const before = process.memoryUsage();
  const one = Buffer.from('1');
  for (let at = 0; at < 100_000; at += 1) relay.upstream.send(one);
  const after = process.memoryUsage();
  assert.ok(after.rss - before.rss < 16 << 20, `grew by ${after.rss - before.rss} bytes`);
  const sent = relay.upstream.backlog;
  assert.ok(sent >= 100_000);
  let tail = 0;
  server.on('data', (data) => {
    tail = data[data.length - 1] ?? 0;
  });
  server.resume();
  await until(() => relay.upstream.backlog === 0 && tail === one[0]);
  node.abort('drain');
  await closed;
});

test('pause stops a side, resume brings the rest', async () => {
  const { client, server, relay, node, closed } = await wire(({ downstream }) => {
    downstream.tunnel();
    downstream.pause(true);
    return {};
  });
  client.write('held');
  let got = '';
  server.on('data', (data) => {
    got += data.toString('latin1');
  });
  client.write(' back');
  for (let turns = 0; turns < 200; turns += 1) await until(() => true);
  assert.equal(got, '');
  relay.downstream.pause(false);
  await until(() => got === 'held back');
  node.abort('drain');
  await closed;
});
