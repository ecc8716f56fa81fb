import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { AgentView } from '../../../src/admin/agent-view.ts';
import { AdminClient } from '../../../src/admin/client.ts';
import { type AdminServer, startAdmin } from '../../../src/admin/server.ts';
import { createLog } from '../../../src/log.ts';
import type { Flow } from '../../../src/observe/flow.ts';
import { FlowHistory } from '../../../src/observe/history.ts';

const log = createLog({ level: 'error', format: 'human' });

function flow(port: number): Flow {
  return {
    time: '2026-01-02T03:04:05.006Z',
    verdict: 'ALLOW',
    direction: 'egress',
    protocol: 'tcp',
    source: { name: 'default/web', address: '10.0.0.2', port },
    destination: { address: '10.0.1.2', port: 80 },
  };
}

function viewOf(history: FlowHistory): AgentView {
  return {
    status: () => ({
      instance: 'test',
      version: '0',
      pid: process.pid,
      startedAt: '2026-01-02T03:04:05.006Z',
      ready: true,
      revision: 3,
      endpoints: [],
      workers: [],
      problems: [],
      counters: {},
    }),
    policy: () => ({ revision: 3 }),
    lastFlows: (count) => history.last(count),
    followFlows: (deliver) => history.follow(deliver),
    metrics: () =>
      Promise.resolve([{ name: 'sluice_ready', help: 'x', kind: 'gauge', samples: [{ labels: {}, value: 1 }] }]),
    reload: () => Promise.reject(new Error('policies: no such directory')),
  };
}

async function started(t: TestContext): Promise<{ path: string; history: FlowHistory; server: AdminServer }> {
  const directory = mkdtempSync(join(tmpdir(), 'sluice-admin-'));
  const path = join(directory, 'run', 'sluice.sock');
  const history = new FlowHistory(10);
  const server = await startAdmin(path, viewOf(history), log);
  t.after(async () => {
    await server.close();
    rmSync(directory, { recursive: true });
  });
  return { path, history, server };
}

test('status, policy and metrics are answered, and an error says why', async (t) => {
  const client = new AdminClient((await started(t)).path, 'test');
  assert.equal((await client.status()).revision, 3);
  assert.deepEqual(await client.policy(), { revision: 3 });
  assert.match(await client.metrics(), /^sluice_ready 1$/m);
  const errors = t.mock.method(process.stderr, 'write', () => true);
  await assert.rejects(client.reload(), /refused POST \/reload: .*no such directory/);
  assert.equal(errors.mock.callCount(), 1, 'the agent logs the failure too');
});

test('only the owner may open the socket', async (t) => {
  const { path } = await started(t);
  assert.equal(statSync(path).mode & 0o777, 0o660);
});

test('a follower gets the past flows, then the next ones', async (t) => {
  const { path, history } = await started(t);
  for (const port of [1, 2, 3]) history.add(flow(port));
  const seen: number[] = [];
  for await (const line of new AdminClient(path, 'test').flows({ last: 2, follow: true })) {
    assert.ok(!('lost' in line));
    seen.push(line.source.port);
    if (seen.length === 2) history.add(flow(4));
    if (seen.length === 3) break;
  }
  assert.deepEqual(seen, [2, 3, 4]);
});

test('a reader that is slower than the traffic is told how many flows it lost', async (t) => {
  const { path, history } = await started(t);
  const response = await new Promise<import('node:http').IncomingMessage>((resolve) =>
    request({ socketPath: path, path: '/flows?follow=1' }, resolve).end(),
  );
  const sent = 40_000;
  for (let port = 0; port < sent; port++) history.add(flow(port));
  let seen = 0;
  let lost = 0;
  let rest = '';
  for await (const chunk of response) {
    const lines = (rest + (chunk as Buffer).toString()).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines.map((text) => JSON.parse(text) as Flow | { lost: number })) {
      if ('lost' in line) lost += line.lost;
      else seen++;
    }
    if (seen + lost === sent) break;
  }
  assert.ok(lost > 0, 'the backlog is bounded');
  assert.equal(seen + lost, sent);
});

test('the next agent listens in place of the one before, alive or dead, and outlives its end', async (t) => {
  const { path, history, server: before } = await started(t);
  const next = await startAdmin(path, { ...viewOf(history), policy: () => 'the next one' }, log);
  t.after(() => next.close());
  await before.close();
  assert.equal(await new AdminClient(path, 'test').policy(), 'the next one');
  const stale = join(path, '..', 'stale.sock');
  writeFileSync(stale, '');
  const server = await startAdmin(stale, viewOf(history), log);
  assert.equal((await new AdminClient(stale, 'test').status()).instance, 'test');
  await server.close();
});

test('the client says what to do when no agent answers', async () => {
  await assert.rejects(
    new AdminClient('/nonexistent/sluice.sock', 'blue').status(),
    /no agent of the instance "blue" is running .*`sluice run`/,
  );
});

test('an unknown path, a bad count and a foreign protocol are refused', async (t) => {
  const { path } = await started(t);
  const status = (url: string) =>
    new Promise((resolve) => request({ socketPath: path, path: url }, (r) => resolve(r.resume().statusCode)).end());
  assert.equal(await status('/nothing'), 404);
  assert.equal(await status('/flows?last=-1'), 400);
  assert.equal(await status('/flows?last=x'), 400);
  const socket = connect(path).end('\0\0\0\0\r\n\r\n');
  await new Promise((resolve) => socket.once('close', resolve).resume());
});
