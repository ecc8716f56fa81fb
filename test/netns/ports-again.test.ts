/** A client that opens connection after connection uses its ports again while the server still has their last use in TIME_WAIT. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { eventually } from './eventually.ts';
import { Origin } from './origin.ts';
import { egressHttp, onlyPublic } from './policies.ts';
import { agentOf, topologyOf } from './scene.ts';
import { families } from './topology.ts';

const client = fileURLToPath(new URL('./ports-again-client.ts', import.meta.url));
const [ports, rounds] = [8, 25];

for (const args of [[], ['--no-judge']]) {
  test(`ports come again at once ${args.join(' ')}`, async (t) => {
    const topology = topologyOf(t);
    const [web, api] = [topology.routed('web'), topology.routed('api')];
    await Origin.start(api.namespace, 80);
    const agent = await agentOf(topology, {
      policies: { 'p.yaml': egressHttp('web', 'api', 80, onlyPublic) },
      workloads: [web],
      remote: [api],
      args,
    });
    for (const family of families) {
      const before = await agent.counter('judged_requests');
      const order = [client, api.address[family], '80', '/public/x', '40000', String(ports), String(rounds)];
      const { stdout, stderr } = await web.namespace.run(process.execPath, ...order);
      const lines = stdout.trim().split('\n');
      assert.equal(lines.length, ports * rounds, stderr);
      assert.deepEqual(
        lines.filter((line) => !line.startsWith('200 ')),
        [],
      );
      // A SYN that has to be sent again takes a second.
      const slow = lines.filter((line) => Number(line.split(' ')[1]) >= 1000);
      assert.ok(slow.length < ports, `${slow.length} of ${lines.length} connections took a second and more`);
      const judged = (await agent.counter('judged_requests')) - before;
      assert.equal(judged, args.length === 0 ? ports * rounds : 0);
    }
    const all = ports * rounds * families.length;
    const responses =
      args.length === 0
        ? /^sluice_judged_responses_total\{.*class="2xx"\} (\d+)$/m
        : /^sluice_responses_total\{.*class="2xx".*\} (\d+)$/m;
    // The proxy's are told in batches, a moment later.
    const counted = await eventually('each is counted', async () => {
      const count = Number(responses.exec(await agent.client.metrics())?.[1]);
      return count >= all ? count : undefined;
    });
    assert.equal(counted, all);
  });
}
