/**
 * The brokers that clients were told of on connections under Kafka rules, and whether the policy covers them: for
 * `sluice status`, the metrics, and one flow each time that a broker turns out not to be covered.
 *
 * A broker is advertised by address or by name. A name is resolved as this host does it, one after the other, which may
 * differ from the client's answer; what follows from it is told, never enforced.
 */

import { isIP } from 'node:net';
import type { BrokerAddress } from '../../proxy/kafka/brokers.ts';
import type { ConnectionFacts } from '../../proxy/record.ts';
import type { Problem } from '../admin/agent-view.ts';
import { addressSize, readAddress, writeAddress } from '../datapath/address-bytes.ts';
import type { Address } from '../identity/identity.ts';
import { limits } from '../limits.ts';
import type { Metric } from '../metrics/metric.ts';
import { type Coverage, coverageOf, coverages, type EndAt } from '../policy/broker-coverage.ts';
import type { NameResolver } from './name-resolver.ts';

/** A broker and a client that was told of it. */
export interface NamedBroker {
  readonly facts: ConnectionFacts;
  readonly host: string;
  readonly port: number;
  /** The address that is covered worst; absent: the name has none here. */
  readonly address?: Address;
  readonly coverage: Coverage;
}

interface Entry {
  facts: ConnectionFacts;
  readonly host: string;
  readonly port: number;
  heard: number;
  addresses: readonly Address[];
  found: NamedBroker | undefined;
}

const told: ReadonlySet<Coverage> = new Set(['denied', 'other-rules', 'open']);

export class NamedBrokers {
  readonly #resolver: NameResolver;
  readonly #tell: (broker: NamedBroker) => void;
  readonly #entries = new Map<string, Entry>();
  #endAt: EndAt;

  /** @param tell is called when a broker turns out not to be covered */
  constructor(resolver: NameResolver, endAt: EndAt, tell: (broker: NamedBroker) => void) {
    this.#resolver = resolver;
    this.#endAt = endAt;
    this.#tell = tell;
  }

  hear(facts: ConnectionFacts, brokers: readonly BrokerAddress[], now: number): void {
    this.#forget(now);
    for (const { host, port } of brokers) {
      const key = `${facts.direction} ${facts.client.address} ${facts.server.address} ${port} ${host}`;
      const known = this.#entries.get(key);
      if (!known && this.#entries.size >= limits.kafkaBrokersRemembered) continue;
      const entry = known ?? { facts, host, port, heard: now, addresses: [], found: undefined };
      this.#entries.set(key, entry);
      entry.facts = facts;
      entry.heard = now;
      this.#resolve(entry);
    }
  }

  /** The policy or the workloads have changed. */
  check(endAt: EndAt): void {
    this.#endAt = endAt;
    for (const entry of this.#entries.values()) this.#check(entry);
  }

  /** Worst first. */
  uncovered(): readonly NamedBroker[] {
    const found = [...this.#entries.values()].flatMap((entry) => entry.found ?? []);
    return found
      .filter(({ coverage }) => told.has(coverage))
      .sort((a, b) => coverages.indexOf(b.coverage) - coverages.indexOf(a.coverage));
  }

  problems(nameOf: (facts: ConnectionFacts) => string): readonly Problem[] {
    const uncovered = this.uncovered();
    const shown = uncovered.slice(0, limits.kafkaBrokerProblems);
    const more = uncovered.length - shown.length;
    return [
      ...shown.map((broker) => ({
        source: `Kafka broker ${endOf(broker.host, broker.port)}`,
        message: sentenceAbout(broker, nameOf(broker.facts)),
      })),
      ...(more > 0 ? [{ source: 'Kafka brokers', message: `${more} more are not covered by the policy` }] : []),
    ];
  }

  metric(): Metric {
    const counts = new Map<Coverage, number>(coverages.map((coverage) => [coverage, 0]));
    for (const { found } of this.#entries.values()) {
      if (found) counts.set(found.coverage, (counts.get(found.coverage) ?? 0) + 1);
    }
    return {
      name: 'sluice_kafka_named_brokers',
      help: 'Brokers that clients under Kafka rules were told of, a client and broker each, by what the policy says.',
      kind: 'gauge',
      samples: [...counts].map(([coverage, value]) => ({ labels: { coverage }, value })),
    };
  }

  #resolve(entry: Entry): void {
    if (isIP(entry.host) !== 0 && !entry.host.includes('%')) {
      entry.addresses = [canonical(entry.host)];
      this.#check(entry);
      return;
    }
    this.#resolver.resolve(entry.host, (addresses) => {
      entry.addresses = addresses.filter((address) => !address.includes('%')).map(canonical);
      this.#check(entry);
    });
  }

  #check(entry: Entry): void {
    const before = entry.found?.coverage;
    entry.found = worst(entry, this.#endAt);
    if (entry.found && entry.found.coverage !== before && told.has(entry.found.coverage)) this.#tell(entry.found);
  }

  #forget(now: number): void {
    for (const [key, { heard }] of this.#entries) {
      if (now - heard > limits.kafkaBrokerForgetMs) this.#entries.delete(key);
    }
  }
}

function worst({ facts, host, port, addresses }: Entry, endAt: EndAt): NamedBroker | undefined {
  const naming = { direction: facts.direction, client: facts.client.address, server: facts.server };
  let found: NamedBroker | undefined =
    addresses.length === 0 ? { facts, host, port, coverage: 'unresolved' } : undefined;
  for (const address of addresses) {
    const coverage = coverageOf(naming, address, port, endAt);
    if (coverage === undefined) continue;
    if (found && coverages.indexOf(found.coverage) >= coverages.indexOf(coverage)) continue;
    found = { facts, host, port, address, coverage };
  }
  return found;
}

/** What is wrong with it, and the next step. `client` is a name for who was told. */
export function sentenceAbout({ facts, coverage, host, address }: NamedBroker, client: string): string {
  const server = endOf(facts.server.address, facts.server.port);
  const where = address === undefined || address === host ? '' : ` (${address})`;
  const names = `${server} names it to ${client}`;
  switch (coverage) {
    case 'open':
      return `${names}, who reaches it${where} without Kafka rules: add its address and port to the rule that covers ${server}`;
    case 'other-rules':
      return `${names}, for whom other Kafka rules hold there${where} than on ${server}: give all brokers the same`;
    default:
      return `${names}, whom the policy does not let connect to it${where}: add its address and port to the rule that covers ${server}`;
  }
}

function endOf(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

function canonical(address: string): Address {
  const bytes = Buffer.alloc(addressSize);
  writeAddress(address, bytes, 0);
  return readAddress(bytes, 0);
}
