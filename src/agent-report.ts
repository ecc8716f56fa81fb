/** What the agent knows about itself, kept for whoever asks: the admin socket, the metrics, the log. */

import type { BrokerAddress } from '../proxy/kafka/brokers.ts';
import type { ConnectionFacts, FlowRecord } from '../proxy/record.ts';
import type { AgentStatus, AgentView, Enforcement, Problem } from './admin/agent-view.ts';
import type { AgentOptions } from './agent-options.ts';
import { version } from './cli/version.ts';
import type { Datapath } from './datapath/datapath.ts';
import { httpRuleSets, ruleAt } from './datapath/judge-tables.ts';
import type { Takeovers } from './datapath/takeover.ts';
import type { DesiredState } from './desired-state.ts';
import { limits } from './limits.ts';
import type { Metric } from './metrics/metric.ts';
import { TrafficMetrics } from './metrics/traffic.ts';
import { clientName, flowOfEvent, flowOfNamedBroker, flowOfRecord, type Names } from './observe/flow.ts';
import { FlowHistory } from './observe/history.ts';
import type { KernelEvent } from './observe/kernel-event.ts';
import { HostResolver } from './observe/name-resolver.ts';
import { type NamedBroker, NamedBrokers } from './observe/named-brokers.ts';
import type { EndAt } from './policy/broker-coverage.ts';
import type { DirectionPolicy, HttpRuleSet } from './policy/resolved.ts';
import { policyEnds } from './policy-ends.ts';
import { jsonOf } from './policy-json.ts';
import { alike, type PackedRecords, recordAt } from './worker/packed-records.ts';
import type { WorkerPool } from './worker/pool.ts';
import { workloadKey } from './workload/workload.ts';

/** What of the running agent a report reads. */
export interface Reported {
  readonly datapath: Datapath;
  readonly pool: WorkerPool;
  readonly takeovers: Takeovers;
  reload(): Promise<void>;
}

export class AgentReport {
  ready = false;
  /** Of the files and the machine. */
  problems: readonly Problem[];
  readonly #options: AgentOptions;
  readonly #startedAt = new Date().toISOString();
  readonly #history = new FlowHistory(limits.flowRingRecords);
  readonly #traffic = new TrafficMetrics();
  #state: DesiredState;
  #ruleSets: ReadonlyMap<number, HttpRuleSet>;
  #endAt: EndAt;
  readonly #brokers: NamedBrokers;
  #agent: Reported | undefined;

  constructor(options: AgentOptions, state: DesiredState) {
    this.#options = options;
    this.#state = state;
    this.#ruleSets = httpRuleSets(state.resolved);
    this.problems = state.problems;
    this.#endAt = policyEnds(state);
    this.#brokers = new NamedBrokers(new HostResolver(), this.#endAt, (broker) => this.#tellOf(broker));
  }

  get names(): Names {
    return this.#state.names;
  }

  records(packed: PackedRecords): void {
    const { names } = this;
    for (const { example, count } of alike(packed)) this.#traffic.record(example, count);
    for (let index = 0; index < packed.count; index++) {
      this.#history.add(() => flowOfRecord(recordAt(packed, index), names));
    }
  }

  /** A request that the kernel judged; its exact counts are the kernel's. @param made the record, once somebody looks */
  judged(made: () => FlowRecord): void {
    const { names } = this;
    this.#history.add(() => flowOfRecord(made(), names));
  }

  event(event: KernelEvent): void {
    const { names } = this;
    this.#traffic.event(event);
    this.#history.add(() => flowOfEvent(event, names));
  }

  /** A server of Kafka told its client of these. */
  brokers(facts: ConnectionFacts, brokers: readonly BrokerAddress[]): void {
    this.#brokers.hear(facts, brokers, Date.now());
  }

  #tellOf(broker: NamedBroker): void {
    const { names } = this;
    const identity = broker.address === undefined ? undefined : this.#endAt(broker.address).identity;
    this.#history.add(flowOfNamedBroker(broker, identity, names));
  }

  inForce(state: DesiredState): void {
    this.#state = state;
    this.#ruleSets = httpRuleSets(state.resolved);
    this.problems = state.problems;
    this.#endAt = policyEnds(state);
    this.#brokers.check(this.#endAt);
  }

  view(agent: Reported): AgentView {
    this.#agent = agent;
    return {
      status: () => this.#status(agent),
      policy: () => jsonOf(this.#state.resolved),
      lastFlows: (count) => {
        agent.datapath.readRings();
        return this.#history.last(count);
      },
      followFlows: (deliver) => {
        agent.datapath.readRings();
        const end = this.#history.follow(deliver);
        agent.datapath.followed = true;
        return () => {
          end();
          agent.datapath.followed = this.#history.followed;
        };
      },
      metrics: () => this.metrics(),
      reload: async () => {
        await agent.reload();
        return { revision: this.#state.resolved.revision, problems: this.problems };
      },
    };
  }

  metrics(): Promise<readonly Metric[]> {
    const agent = this.#agent;
    agent?.datapath.readRings();
    return Promise.resolve([
      ...this.#traffic.metrics(),
      this.#brokers.metric(),
      ...(agent ? kernelMetrics(agent.datapath) : []),
      ...(agent
        ? [...this.#judgedMetrics(agent.datapath), closedMetric(agent.pool), takeoverMetric(agent.takeovers)]
        : []),
    ]);
  }

  /** By the kernel's number. */
  ruleSet(id: number): HttpRuleSet | undefined {
    return this.#ruleSets.get(id);
  }

  #judgedMetrics(datapath: Datapath): Metric[] {
    const counts = datapath.ruleCounts().map(({ ruleSet, rule, ...count }) => {
      const ref = ruleAt(this.#ruleSets.get(ruleSet), rule);
      return { labels: { policy: ref?.policy ?? '', rule: ref?.rule ?? '' }, ...count };
    });
    return [
      {
        name: 'sluice_judged_requests_total',
        help: 'Requests that the kernel judged and passed, by rule.',
        kind: 'counter',
        samples: counts.map(({ labels, requests }) => ({ labels, value: requests })),
      },
      {
        name: 'sluice_judged_responses_total',
        help: 'Their responses, by class of their status.',
        kind: 'counter',
        samples: counts.flatMap(({ labels, responses }) =>
          responses
            .map((value, digit) => ({ labels: { ...labels, class: digit === 0 ? 'unknown' : `${digit}xx` }, value }))
            .filter(({ value }) => value > 0),
        ),
      },
    ];
  }

  #status({ datapath, pool, takeovers }: Reported): AgentStatus {
    const { resolved, taps, workloads, names } = this.#state;
    const interfaces = new Map(taps.map((tap) => [names.endpoint(tap.endpoint), tap]));
    const policies = new Map(resolved.endpoints.map((policy) => [names.endpoint(policy.endpoint), policy]));
    return {
      instance: this.#options.instance,
      version: version(),
      pid: process.pid,
      startedAt: this.#startedAt,
      ready: this.ready,
      revision: resolved.revision,
      endpoints: workloads.flatMap(({ workload, addresses }) => {
        const name = workloadKey(workload);
        const policy = policies.get(name);
        if (!policy) return [];
        const tap = interfaces.get(name);
        return [
          {
            id: policy.endpoint,
            name,
            addresses,
            ...(tap && { interface: tap.interfaceName, attached: datapath.attachmentKind }),
            ingress: enforcementOf(policy.ingress),
            egress: enforcementOf(policy.egress),
          },
        ];
      }),
      workers: pool.status(),
      problems: [...this.problems, ...this.#brokers.problems((facts) => clientName(facts, names))],
      counters: counters(datapath, pool, takeovers),
    };
  }
}

function enforcementOf({ enforced, audit }: DirectionPolicy): Enforcement {
  if (!enforced) return 'open';
  return audit ? 'audit' : 'enforced';
}

function counters(datapath: Datapath, pool: WorkerPool, takeovers: Takeovers): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const [what, count] of Object.entries(datapath.losses())) sums[`lost_${what}`] = count;
  sums.rule_sets_compiling = datapath.compiling;
  sums.judged_requests = datapath.ruleCounts().reduce((sum, { requests }) => sum + requests, 0);
  for (const { reason, packets } of datapath.packetCounts()) {
    const name = `${reason.replaceAll('-', '_')}_packets`;
    sums[name] = (sums[name] ?? 0) + packets;
  }
  for (const [cause, count] of Object.entries(pool.closedConnections())) {
    sums[`closed_${cause.replaceAll('-', '_')}`] = count;
  }
  for (const [outcome, count] of Object.entries(takeovers.counts))
    sums[`takeovers_${outcome.replaceAll('-', '_')}`] = count;
  return sums;
}

function kernelMetrics(datapath: Datapath): Metric[] {
  const counts = datapath.packetCounts().filter(({ packets }) => packets > 0);
  const samples = (denied: boolean): Metric['samples'] =>
    counts
      .filter((count) => count.denied === denied)
      .map(({ reason, direction, packets }) => ({ labels: { reason, direction }, value: packets }));
  return [
    {
      name: 'sluice_packets_dropped_total',
      help: 'Packets that the kernel dropped.',
      kind: 'counter',
      samples: samples(true),
    },
    {
      name: 'sluice_packets_passed_total',
      help: 'Packets that the kernel passed or diverted.',
      kind: 'counter',
      samples: samples(false),
    },
    {
      name: 'sluice_events_lost_total',
      help: 'What the kernel could not tell the agent, or left out by sampling.',
      kind: 'counter',
      samples: Object.entries(datapath.losses()).map(([what, value]) => ({ labels: { what }, value })),
    },
  ];
}

function takeoverMetric({ times }: Takeovers): Metric {
  return {
    name: 'sluice_takeover_seconds',
    help: 'Time that building a takeover took, of the last 1,024.',
    kind: 'gauge',
    samples: times.samples([0.5, 0.99]),
  };
}

function closedMetric(pool: WorkerPool): Metric {
  return {
    name: 'sluice_proxied_connections_closed_total',
    help: 'Proxied connections that ended, by cause.',
    kind: 'counter',
    samples: Object.entries(pool.closedConnections()).map(([cause, value]) => ({ labels: { cause }, value })),
  };
}
