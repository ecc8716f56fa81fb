/** The real `bin/sluice` against a real admin socket, with flows that are known to the last digit. */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import type { AgentView } from '../../src/admin/agent-view.ts';
import { startAdmin } from '../../src/admin/server.ts';
import { adminSocketPath } from '../../src/admin/socket-path.ts';
import { createLog } from '../../src/log.ts';
import type { Flow } from '../../src/observe/flow.ts';
import { FlowHistory } from '../../src/observe/history.ts';
import { sluice } from './agent.ts';
import { eventually } from './eventually.ts';
import { removeInstance, runName } from './namespace.ts';

const instance = `${runName()}y`;

function flow(target: string, verdict: Flow['verdict']): Flow {
  return {
    time: '2026-01-02T03:04:05.006Z',
    verdict,
    ...(verdict === 'DENY' && { reason: 'no-rule' }),
    direction: 'egress',
    protocol: 'http',
    source: { name: 'default/web', address: '10.0.0.2', port: 41000 },
    destination: { name: 'default/api', address: '10.0.1.2', port: 80 },
    l7: { protocol: 'http', version: 'HTTP/1.1', method: 'GET', target, host: 'api' },
  };
}

const flows = [flow('/a', 'ALLOW'), flow('/b', 'DENY'), flow('/c', 'ALLOW'), flow('/d', 'DENY')];
const lines = flows.map(
  ({ verdict, l7 }) =>
    `2026-01-02T03:04:05.006Z ${verdict.padEnd(8)} egress  default/web 10.0.0.2:41000 -> default/api 10.0.1.2:80 ` +
    `http GET ${l7?.protocol === 'http' ? l7.target : ''} host=api${verdict === 'DENY' ? ' (no-rule)' : ''}`,
);

async function serve(t: TestContext): Promise<FlowHistory> {
  const history = new FlowHistory(100);
  for (const one of flows) history.add(one);
  const endpoint = {
    id: 1,
    name: 'default/web',
    addresses: ['10.0.0.2'],
    ingress: 'open',
    egress: 'enforced',
  } as const;
  const view: AgentView = {
    status: () => ({
      instance,
      version: '0',
      pid: process.pid,
      startedAt: '2026-01-02T03:04:05.006Z',
      ready: true,
      revision: 1,
      endpoints: [endpoint],
      workers: [],
      problems: [],
      counters: {},
    }),
    policy: () => ({ revision: 1 }),
    lastFlows: (count) => history.last(count),
    followFlows: (deliver) => history.follow(deliver),
    metrics: () => Promise.resolve([]),
    reload: () => Promise.resolve({ revision: 1, problems: [{ source: 'p.yaml:3:5', message: 'unknown field' }] }),
  };
  mkdirSync(`/run/${instance}`, { recursive: true });
  const server = await startAdmin(adminSocketPath(instance), view, createLog({ level: 'error', format: 'human' }));
  t.after(async () => {
    await server.close();
    removeInstance(instance);
  });
  return history;
}

async function call(...args: string[]): Promise<{ code: number | null; out: string; err: string }> {
  const child = spawn(sluice, [...args, '--instance', instance], { stdio: ['ignore', 'pipe', 'pipe'] });
  let [out, err] = ['', ''];
  child.stdout.on('data', (chunk) => {
    out += String(chunk);
  });
  child.stderr.on('data', (chunk) => {
    err += String(chunk);
  });
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { code, out, err };
}

test('observe --last shows the last flows that match', async (t) => {
  await serve(t);
  const shown = async (...args: string[]): Promise<string[]> => {
    const { code, out, err } = await call('observe', ...args);
    assert.equal(code, 0, err);
    return out.split('\n').slice(0, -1);
  };
  assert.deepEqual(await shown('--last', '100'), lines);
  assert.deepEqual(await shown('--last', '1', '--verdict', 'deny'), [lines[3]]);
  assert.deepEqual(await shown('--last', '2', '--http-path', '/[abc]'), [lines[1], lines[2]]);
  assert.deepEqual(await shown('--last', '9', '--workload', 'nobody'), []);
  assert.deepEqual(await shown('--last', '0'), []);
  assert.deepEqual(JSON.parse((await shown('--last', '1', '--json'))[0] ?? ''), flows[3]);
  assert.deepEqual(await shown('--last', '1', '-o', 'json'), await shown('--last', '1', '--json'));
});

test('observe follows, and ends quietly when its reader has enough', async (t) => {
  const history = await serve(t);
  const child = spawn('sh', ['-c', `"$0" observe --instance ${instance} | head -n 2`, sluice], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [out, err] = ['', ''];
  child.stdout.on('data', (chunk) => {
    out += String(chunk);
  });
  child.stderr.on('data', (chunk) => {
    err += String(chunk);
  });
  const ended = new Promise((resolve) => child.once('close', resolve));
  // It has no way to say that it listens: flows go on until it has seen two.
  await eventually('two flows are shown', () => {
    history.add(flow('/a', 'ALLOW'));
    return out.split('\n').length === 3 || undefined;
  });
  const busy = setInterval(() => history.add(flow('/a', 'ALLOW')), 5);
  await ended;
  clearInterval(busy);
  assert.equal(out, `${lines[0]}\n${lines[0]}\n`);
  assert.equal(err, '');
});

test('status, workload list and policy get print what the agent says, as text and as JSON', async (t) => {
  await serve(t);
  assert.match((await call('status')).out, /^sluice 0, instance \S+, pid \d+: ready, policy revision 1\n/);
  const status = JSON.parse((await call('status', '--json')).out) as { revision: number };
  assert.equal(status.revision, 1);
  assert.equal(
    (await call('workload', 'list')).out,
    'WORKLOAD     INTERFACE  ADDRESSES\ndefault/web  -          10.0.0.2\n',
  );
  assert.deepEqual(JSON.parse((await call('policy', 'get')).out), { revision: 1 });
});

test('a reload that finds an error ends with 1 and says what stays in force', async (t) => {
  await serve(t);
  const { code, err } = await call('reload');
  assert.equal(code, 1);
  assert.equal(err, 'sluice: what was in force stays in force (revision 1), because\np.yaml:3:5: unknown field\n');
});
