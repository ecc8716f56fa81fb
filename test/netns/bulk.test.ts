/** 1 GiB each way through an L7 rule: nothing is lost, and the agent does not grow with it. */

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { Origin } from './origin.ts';
import { egressHttp } from './policies.ts';
import { agentOf, topologyOf } from './scene.ts';
import { url } from './topology.ts';

const size = 1024 ** 3;
const memoryLimit = 200 * 1024 ** 2;

test('an upload and a download of 1 GiB stay whole, the agent below 200 MiB', async (t) => {
  const topology = topologyOf(t);
  const [web, api] = [topology.routed('web'), topology.routed('api')];
  const origin = await Origin.start(api.namespace, 80);
  const agent = await agentOf(topology, {
    policies: { 'p.yaml': egressHttp('web', 'api', 80, ['{method: "GET|PUT", path: "/big/.*"}']) },
    workloads: [web, api],
    args: ['--no-judge'],
  });
  let peak = 0;
  const watch = setInterval(() => {
    peak = Math.max(peak, agent.residentBytes());
  }, 50);
  t.after(() => clearInterval(watch));
  const at = (path: string): string => url(api.address[4], 80, path);

  const download = await web.namespace.run('sh', '-c', `curl -s --max-time 120 '${at(`/big/bytes/${size}`)}' | wc -c`);
  assert.equal(Number(download.stdout), size);

  // A sparse file: 1 GiB long and without a block on the disk.
  const directory = mkdtempSync(join(tmpdir(), 'sluice-bulk-'));
  t.after(() => rmSync(directory, { recursive: true }));
  const file = join(directory, 'zeros');
  writeFileSync(file, '');
  truncateSync(file, size);
  const put = ['-s', '--max-time', '120', '-H', 'Expect:', '--upload-file', file, at('/big/up')];
  const upload = await web.namespace.run('curl', ...put);
  assert.match(upload.stdout, new RegExp(` ${size}\n$`));
  assert.equal((await origin.saw('/big/up')).received, size);

  clearInterval(watch);
  t.diagnostic(`peak resident memory of the agent: ${Math.round(peak / 1024 ** 2)} MiB`);
  assert.ok(peak > 0 && peak < memoryLimit, `peak ${peak} bytes`);
});
