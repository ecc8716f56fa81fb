/** What the admin socket may ask of the agent; the agent implements it, the command line sees it as JSON. */

import type { Metric } from '../metrics/metric.ts';
import type { Flow } from '../observe/flow.ts';

export interface AgentView {
  status(): AgentStatus;
  /** Policies in force, as JSON-able data. */
  policy(): unknown;
  /** Oldest first, at most `count`. */
  lastFlows(count: number): readonly Flow[];
  /** Calls `deliver` with every flow from now on, until the returned function is called. `deliver` never throws. */
  followFlows(deliver: (flow: Flow) => void): () => void;
  metrics(): Promise<readonly Metric[]>;
  /** Reads policies and workloads again, now. */
  reload(): Promise<ReloadResult>;
}

export interface AgentStatus {
  readonly instance: string;
  readonly version: string;
  readonly pid: number;
  /** RFC 3339. */
  readonly startedAt: string;
  /** True once every endpoint that can be attached is, and every worker accepts. */
  readonly ready: boolean;
  /** Of the policy in force. */
  readonly revision: number;
  readonly endpoints: readonly EndpointStatus[];
  readonly workers: readonly WorkerStatus[];
  readonly problems: readonly Problem[];
  /** Totals since the start, by metric-like name, e.g. `diverted_packets`. */
  readonly counters: Readonly<Record<string, number>>;
}

export interface EndpointStatus {
  readonly id: number;
  /** Workload as `namespace/name`. */
  readonly name: string;
  /** Host side of its interface; absent when it is not attached. */
  readonly interface?: string;
  readonly addresses: readonly string[];
  /** How the hooks are attached, e.g. `tcx`; absent when they are not. */
  readonly attached?: string;
  readonly ingress: Enforcement;
  readonly egress: Enforcement;
}

/** `open`: no rule selects the endpoint in this direction. */
export type Enforcement = 'open' | 'enforced' | 'audit';

export interface WorkerStatus {
  readonly id: number;
  readonly connections: number;
  readonly requests: number;
}

/** Something that keeps a part of the wanted state from being in force; what was in force before still is. */
export interface Problem {
  /** File, workload or component. */
  readonly source: string;
  /** Cause and next step. */
  readonly message: string;
}

export interface ReloadResult {
  readonly revision: number;
  readonly problems: readonly Problem[];
}
