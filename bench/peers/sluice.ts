import { Agent } from '../../test/netns/agent.ts';
import { egressHttp } from '../../test/netns/policies.ts';
import { type Peer, pathRules } from '../peer.ts';
import { originPort } from '../scene.ts';

function sluice(name: string, args: readonly string[]): Peer {
  return {
    name,
    async start({ topology, client, server }, rules) {
      const http = pathRules(rules).map((path) => `{path: "${path}"}`);
      const agent = await Agent.start(topology, {
        policies: { 'bench.yaml': egressHttp('client', 'server', originPort, http) },
        workloads: [client],
        remote: [server],
        args,
      });
      const { pid } = await agent.status();
      return {
        base: `http://${server.address[4]}:${originPort}`,
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
export const sluiceJudged = sluice('sluice', []);
/** Every request through the TypeScript proxy. */
export const sluiceProxied = sluice('sluice --no-judge', ['--workers', '1', '--no-judge']);
