/**
 * Apache Kafka, three KRaft nodes that are brokers and controllers, each in a namespace of its own. Clients come to the
 * listener CLIENT at Kafka's own port, of which each node advertises its address; replication and quorum have their own.
 */

import type { Family, Station } from '../netns/topology.ts';
import { createTopics, type Node, startNode } from './real-broker.ts';
import { kafkaPort } from './station.ts';

export const controllerPort = 9093;
export const replicationPort = 9094;

export interface ClusterNode {
  readonly station: Station;
  /** Of the address that it advertises. */
  readonly family: Family;
}

/**
 * @param topics of three partitions and three replicas; the leaders are spread over the nodes. They are made by the
 * nodes' own listener, since the other one may be closed to them.
 */
export async function startCluster(nodes: readonly ClusterNode[], topics: readonly string[]): Promise<Node[]> {
  const voters = nodes.map(({ station }, index) => `${index + 1}@${station.address[4]}:${controllerPort}`).join();
  const started = await Promise.all(
    nodes.map(({ station, family }, index) =>
      startNode(station, { heapMiB: 256, properties: properties(station, family, index + 1, voters) }),
    ),
  );
  const [first] = started;
  if (first) createTopics({ ...first, bootstrap: innerBootstrap(first) }, topics);
  return started;
}

/** Of the listener that the nodes use among themselves. */
export function innerBootstrap({ station }: Pick<Node, 'station'>): string {
  return `${station.address[4]}:${replicationPort}`;
}

/** As it is advertised: `address:port`, with brackets around an IPv6 address. */
export function advertised({ station, family }: ClusterNode): string {
  const address = station.address[family];
  return family === 6 ? `[${address}]:${kafkaPort}` : `${address}:${kafkaPort}`;
}

function properties(station: Station, family: Family, id: number, voters: string): Record<string, string> {
  const inner = station.address[4];
  const names = ['CLIENT', 'REPLICATION', 'CONTROLLER'];
  return {
    'process.roles': 'broker,controller',
    'node.id': String(id),
    'controller.quorum.voters': voters,
    listeners: `CLIENT://:${kafkaPort},REPLICATION://${inner}:${replicationPort},CONTROLLER://${inner}:${controllerPort}`,
    'advertised.listeners': `CLIENT://${advertised({ station, family })},REPLICATION://${inner}:${replicationPort}`,
    'controller.listener.names': 'CONTROLLER',
    'inter.broker.listener.name': 'REPLICATION',
    'listener.security.protocol.map': names.map((name) => `${name}:PLAINTEXT`).join(),
    'num.partitions': '3',
    'default.replication.factor': '3',
    'min.insync.replicas': '2',
    'offsets.topic.replication.factor': '3',
    'offsets.topic.num.partitions': '3',
    'auto.create.topics.enable': 'false',
    'group.initial.rebalance.delay.ms': '0',
    // A node that was killed is to be missed soon.
    'broker.heartbeat.interval.ms': '500',
    'broker.session.timeout.ms': '3000',
    'replica.lag.time.max.ms': '5000',
  };
}
