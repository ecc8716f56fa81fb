/**
 * One flow as the admin socket serves it and as `sluice observe` shows it: a record of the proxy or an event of the
 * kernel, with the numbers of endpoints and identities turned into names. The JSON form is stable.
 */

import type { ConnectionFacts, FlowRecord, L7Facts, Verdict } from '../../proxy/record.ts';
import type { Direction, EndpointId, IdentityId } from '../identity/identity.ts';
import type { RuleRef } from '../policy/resolved.ts';
import type { KernelEvent } from './kernel-event.ts';
import { type NamedBroker, sentenceAbout } from './named-brokers.ts';

export interface Flow {
  /** RFC 3339, UTC, milliseconds. */
  readonly time: string;
  readonly verdict: Verdict;
  readonly reason?: string;
  readonly detail?: string;
  readonly direction: Direction;
  /** `http`, `grpc` or `kafka` for what the proxy judged; `l7` where it could not tell; else the transport. */
  readonly protocol: string;
  readonly source: FlowEnd;
  readonly destination: FlowEnd;
  readonly rule?: RuleRef;
  readonly l7?: L7Facts;
  readonly status?: number;
  readonly latencyMs?: number;
}

export interface FlowEnd {
  /** Workload as `namespace/name`, `host`, `world` or a prefix; absent when the agent has no name for it any more. */
  readonly name?: string;
  readonly address: string;
  readonly port: number;
}

/** What the agent knows about numbers; a workload that is gone has no name. */
export interface Names {
  endpoint(id: EndpointId): string | undefined;
  identity(id: IdentityId): string | undefined;
}

type End = { readonly address: string; readonly port: number };
type Parties = { readonly direction: Direction; readonly endpoint: EndpointId; readonly peer: IdentityId };

export function flowOfRecord(record: FlowRecord, names: Names): Flow {
  const { connection } = record;
  return {
    time: new Date(record.time).toISOString(),
    verdict: record.verdict,
    ...(record.reason !== undefined && { reason: record.reason }),
    ...(record.detail !== undefined && { detail: record.detail }),
    direction: connection.direction,
    protocol: record.l7?.protocol ?? 'l7',
    ...ends(connection, connection.client, connection.server, names),
    ...(record.rule !== undefined && { rule: record.rule }),
    ...(record.l7 !== undefined && { l7: record.l7 }),
    ...(record.status !== undefined && { status: record.status }),
    ...(record.latencyMs !== undefined && { latencyMs: record.latencyMs }),
  };
}

export function flowOfEvent(event: KernelEvent, names: Names): Flow {
  return {
    time: new Date(event.time).toISOString(),
    verdict: event.verdict,
    reason: event.reason,
    direction: event.direction,
    protocol: transportName(event.protocol),
    ...ends(event, event.source, event.destination, names),
  };
}

/** Not a connection: a broker that a client was told of, and that the policy does not cover. */
export function flowOfNamedBroker(broker: NamedBroker, identity: IdentityId | undefined, names: Names): Flow {
  const { facts, host, port, address, coverage } = broker;
  const destination = { address: address ?? host, port };
  return {
    time: new Date().toISOString(),
    verdict: coverage === 'denied' ? 'DENY' : 'ALLOW',
    reason: `broker-${coverage}`,
    detail: sentenceAbout(broker, clientName(facts, names)),
    direction: facts.direction,
    protocol: 'kafka',
    source: ends(facts, facts.client, facts.server, names).source,
    destination: named(destination, identity === undefined ? undefined : names.identity(identity)),
  };
}

/** The client of a connection, for a sentence. */
export function clientName({ direction, endpoint, peer, client }: ConnectionFacts, names: Names): string {
  const name = direction === 'egress' ? names.endpoint(endpoint) : names.identity(peer);
  return name === undefined ? client.address : `${name} at ${client.address}`;
}

const transports = new Map([
  [1, 'icmp'],
  [6, 'tcp'],
  [17, 'udp'],
  [58, 'icmpv6'],
  [132, 'sctp'],
]);

export function transportName(protocol: number): string {
  return transports.get(protocol) ?? `ip-${protocol}`;
}

function ends(parties: Parties, source: End, destination: End, names: Names): Pick<Flow, 'source' | 'destination'> {
  const endpoint = names.endpoint(parties.endpoint);
  const peer = names.identity(parties.peer);
  return parties.direction === 'egress'
    ? { source: named(source, endpoint), destination: named(destination, peer) }
    : { source: named(source, peer), destination: named(destination, endpoint) };
}

function named(end: End, name: string | undefined): FlowEnd {
  return { ...(name !== undefined && { name }), address: end.address, port: end.port };
}
