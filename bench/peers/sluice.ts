import { Agent } from '../../test/netns/agent.ts';
import { eventually } from '../../test/netns/eventually.ts';
import { egressHttp } from '../../test/netns/policies.ts';
import { type Peer, pathRules } from '../peer.ts';
import { answers, originPort } from '../scene.ts';

function sluice(name: string, station: string, judges: boolean, args: readonly string[]): Peer {
  return {
    name,
    async start(scene, rules) {
      const { topology, server } = scene;
      const client = scene.clientOf(`${station}${rules}`);
      const http = pathRules(rules).map((path) => `{path: "${path}"}`);
      const agent = await Agent.start(topology, {
        policies: { 'bench.yaml': egressHttp(client.name, 'server', originPort, http) },
        workloads: [client],
        remote: [server],
        args,
      });
      const base = `http://${server.address[4]}:${originPort}`;
      // Many rules are compiled after the start; until then the proxy judges by them.
      await eventually('the agent judges where it is to', async () => {
        const before = await agent.counter('judged_requests');
        await answers({ client }, `${base}/public/small`);
        return !judges || (await agent.counter('judged_requests')) > before || undefined;
      });
      const { pid } = await agent.status();
      return {
        base,
        client,
        pid,
        async stop() {
          await agent.stop();
          await agent.dispose();
        },
      };
    },
  };
}

/** Judged in the kernel, taken over on doubt. */
export const sluiceJudged = sluice('sluice', 'judged', true, []);
/** Every request through the TypeScript proxy. */
export const sluiceProxied = sluice('sluice --no-judge', 'proxied', false, ['--workers', '1', '--no-judge']);
