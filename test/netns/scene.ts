/** What most tests need: a topology with agents, all gone when the test ends. */

import type { TestContext } from 'node:test';
import { Agent, type AgentSetup } from './agent.ts';
import { Topology } from './topology.ts';

const agents = new WeakMap<Topology, Agent[]>();

export function topologyOf(t: TestContext): Topology {
  const topology = new Topology();
  const started: Agent[] = [];
  agents.set(topology, started);
  t.after(async () => {
    for (const agent of started) await agent.dispose();
    topology.delete();
  });
  return topology;
}

export async function agentOf(topology: Topology, setup: AgentSetup): Promise<Agent> {
  const agent = await Agent.start(topology, setup);
  agents.get(topology)?.push(agent);
  return agent;
}
