/** The ways from the client to the broker that are measured. */

import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fetchJars } from '../../test/kafka/jars.ts';
import { kafkaPort } from '../../test/kafka/station.ts';
import { Agent } from '../../test/netns/agent.ts';
import { eventually } from '../../test/netns/eventually.ts';
import type { Namespace } from '../../test/netns/namespace.ts';
import { end } from '../peer.ts';
import { readTopic, type Scene } from './scene.ts';

export interface Way {
  readonly name: string;
  start(scene: Scene): Promise<Running>;
}

export interface Running {
  /** What the client is given. */
  readonly bootstrap: string;
  /** Process whose CPU time and memory are the price. */
  readonly pid?: number;
  /** @throws {Error} when the load did not come this way. */
  stop(): Promise<void>;
}

const relayPort = 19_092;
const kroxyliciousPort = 19_094;
const kroxyliciousVersion = '0.12.0';
const jars = fileURLToPath(new URL(`../../build/kafka/kroxylicious-${kroxyliciousVersion}`, import.meta.url));
const beside = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

async function listens(host: Namespace, port: number, child: ChildProcess): Promise<void> {
  await eventually(
    `port ${port} listens`,
    async () => {
      if (child.exitCode !== null) throw new Error(`it ended with ${child.exitCode}`);
      const { stdout } = await host.run('ss', '-Hltn', `sport = :${port}`);
      return stdout !== '' || undefined;
    },
    60_000,
  );
}

function pidOf({ pid }: ChildProcess): { readonly pid?: number } {
  return pid === undefined ? {} : { pid };
}

const direct: Way = {
  name: 'direct',
  start: async ({ bootstrap }) => ({ bootstrap, stop: async () => {} }),
};

const relay: Way = {
  name: 'plain relay in Node',
  async start({ topology: { host }, bootstrap }) {
    const rule = `PREROUTING -i v-client -p tcp --dport ${kafkaPort} -j REDIRECT --to-ports ${relayPort}`.split(' ');
    const [address = ''] = bootstrap.split(':');
    const child = host.spawn(process.execPath, [beside('relay.ts'), String(relayPort), address, String(kafkaPort)], {
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    await listens(host, relayPort, child);
    host.runSync('iptables', '-w', '-t', 'nat', '-A', ...rule);
    return {
      bootstrap,
      ...pidOf(child),
      async stop() {
        host.runSync('iptables', '-w', '-t', 'nat', '-D', ...rule);
        await end(child);
      },
    };
  },
};

function policy(rules: number): string {
  const named = Array.from(
    { length: rules - 1 },
    (_, index) => `              - {role: consume, topic: topic-${index}, group: g}\n`,
  );
  return `apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {name: bench}
spec:
  endpointSelector: {matchLabels: {app: kafka}}
  ingress:
    - fromEndpoints: [{matchLabels: {app: client}}]
      toPorts:
        - ports: [{port: "${kafkaPort}", protocol: TCP}]
          rules:
            kafka:
${named.join('')}              - {topicPrefix: bench-}
`;
}

const sluice = (rules: number): Way => ({
  name: `sluice, ${rules} rules`,
  async start({ topology, client, kafka, bootstrap }) {
    const agent = await Agent.start(topology, {
      policies: { 'bench.yaml': policy(rules) },
      workloads: [client, kafka],
    });
    const { pid } = await agent.status();
    return {
      bootstrap,
      pid,
      async stop() {
        const flows = await agent.flows();
        await agent.stop();
        await agent.dispose();
        const judged = flows.some(({ l7 }) => l7?.protocol === 'kafka' && l7.topics.includes(readTopic));
        if (!judged) throw new Error('the agent saw nothing');
      },
    };
  },
});

/** Without filters. Clients have to be pointed at it, and it tells them of itself in place of the broker. */
const kroxylicious: Way = {
  name: `Kroxylicious ${kroxyliciousVersion}`,
  async start({ topology: { host }, client, bootstrap }) {
    const missing = fetchJars(jars, [
      ['io.kroxylicious', 'kroxylicious-runtime', kroxyliciousVersion],
      ['org.slf4j', 'slf4j-simple', '2.0.17'],
    ]);
    if (missing !== undefined) throw new Error(missing);
    const directory = mkdtempSync(join(tmpdir(), 'sluice-bench-'));
    const config = join(directory, 'config.yaml');
    const own = `${client.address[4].replace(/\d+$/, '1')}:${kroxyliciousPort}`;
    writeFileSync(
      config,
      `virtualClusters:
  - name: bench
    targetCluster: {bootstrapServers: "${bootstrap}"}
    gateways:
      - name: default
        portIdentifiesNode: {bootstrapAddress: "${own}"}
`,
    );
    const options = ['-Xmx512m', '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn', '-cp', `${jars}/*`];
    const child = host.spawn('java', [...options, beside('Kroxylicious.java'), config], {
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    await listens(host, kroxyliciousPort, child);
    return {
      bootstrap: own,
      ...pidOf(child),
      async stop() {
        await end(child);
        rmSync(directory, { recursive: true });
      },
    };
  },
};

export const ways: readonly Way[] = [direct, relay, sluice(1), sluice(100), sluice(10_000), kroxylicious];
