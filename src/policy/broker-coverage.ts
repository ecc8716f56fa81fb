/**
 * Whether the policy treats a broker that a server names to its client as it treats that server.
 *
 * Nothing is opened or ruled because a broker says so. A client that means harm need not ask where the brokers are: what
 * protects one has to be in the policy before anybody connects. So this only says what is missing there.
 */

import type { Address, Direction, Port } from '../identity/identity.ts';
import type { KafkaRuleSet } from './resolved.ts';
import { type RouteEnd, rulingOfRoute } from './route.ts';

/** The later the worse. */
export const coverages = [
  /** Under the same rules. */
  'ruled',
  /** The way there passes no endpoint of this node, or the broker is a workload whose own node protects it. */
  'elsewhere',
  /** The name has no address here. */
  'unresolved',
  /** The client can't connect to it. */
  'denied',
  /** Under Kafka rules, but not under all that judge the client's requests to the server that named it. */
  'other-rules',
  /** The client's requests to it are judged by no rule. */
  'open',
] as const;

export type Coverage = (typeof coverages)[number];

/** Where a client was told of a broker: on a connection to `server`, ruled in `direction`. */
export interface Naming {
  readonly direction: Direction;
  readonly client: Address;
  readonly server: { readonly address: Address; readonly port: Port };
}

export interface PolicyEnd extends RouteEnd {
  /** A workload, of this node or another one, or this host. */
  readonly isKnown: boolean;
}

export type EndAt = (address: Address) => PolicyEnd;

/** @returns `undefined` when the connection itself is under no Kafka rules (any more) */
export function coverageOf(naming: Naming, address: Address, port: number, endAt: EndAt): Coverage | undefined {
  const client = endAt(naming.client);
  const own = rulingOfRoute(client, endAt(naming.server.address), naming.server.port);
  if (own.verdict !== 'kafka') return undefined;
  // Within its own network namespace nothing is ever judged.
  if (address === naming.client) return 'ruled';
  const broker = endAt(address);
  const ruling = rulingOfRoute(client, broker, port);
  switch (ruling.verdict) {
    case 'deny':
      return 'denied';
    case 'kafka':
      return own.ruleSets.every((one) => ruling.ruleSets.some((other) => isSame(one, other))) ? 'ruled' : 'other-rules';
    case 'elsewhere':
      return 'elsewhere';
    case 'open':
      return naming.direction === 'ingress' && !broker.policy && broker.isKnown ? 'elsewhere' : 'open';
  }
}

/** Wherever they are written. */
function isSame(a: KafkaRuleSet, b: KafkaRuleSet): boolean {
  return a.key === b.key || rulesOf(a) === rulesOf(b);
}

function rulesOf({ audit, kafka }: KafkaRuleSet): string {
  const rules = kafka.map((rule) => JSON.stringify({ ...rule, ref: undefined }));
  return JSON.stringify([audit, rules.sort()]);
}
