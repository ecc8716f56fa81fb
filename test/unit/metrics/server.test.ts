import assert from 'node:assert/strict';
import { test } from 'node:test';
import { serveMetrics } from '../../../src/metrics/server.ts';

const one = () =>
  Promise.resolve([{ name: 'sluice_ready', help: 'x', kind: 'gauge', samples: [{ labels: {}, value: 1 }] }] as const);

test('metrics are served on the address that was asked for, and nothing else is', async () => {
  const server = await serveMetrics('127.0.0.1:0', one);
  const base = `http://127.0.0.1:${server.port}`;
  assert.match(await (await fetch(`${base}/metrics`)).text(), /^sluice_ready 1$/m);
  assert.equal((await fetch(`${base}/status`)).status, 404);
  assert.equal((await fetch(`${base}/metrics`, { method: 'POST' })).status, 404);
  await assert.rejects(serveMetrics(`127.0.0.1:${server.port}`, one), /is already in use; `ss -ltnp`/);
  await server.close();
});

test('a bad address is explained', async () => {
  for (const address of ['9464', 'localhost:x', ':9464', '127.0.0.1:99999']) {
    await assert.rejects(serveMetrics(address, one), /is not an address and a port/);
  }
  await assert.rejects(serveMetrics('192.0.2.1:9464', one), /is not an address of this machine/);
});
