/**
 * The agent: what the command line's `run` starts and stops.
 *
 *     files + machine → desired state → workers judge by it → kernel enforces it
 *
 * The order is what keeps it closed: workers know a policy before the kernel sends them a flow under it, and no tap is
 * attached before its policy is in the kernel.
 */

import { mkdirSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { closeFd, lockFile } from '../native/index.ts';
import type { Problem } from './admin/agent-view.ts';
import { type AdminServer, startAdmin } from './admin/server.ts';
import { adminSocketPath } from './admin/socket-path.ts';
import type { AgentOptions } from './agent-options.ts';
import { AgentReport } from './agent-report.ts';
import { Datapath } from './datapath/datapath.ts';
import { JudgedRequests } from './datapath/judged-requests.ts';
import type { Takeovers } from './datapath/takeover.ts';
import { type DesiredState, StateReader } from './desired-state.ts';
import { limits } from './limits.ts';
import type { Log } from './log.ts';
import { type MetricsServer, serveMetrics } from './metrics/server.ts';
import { WorkerPool } from './worker/pool.ts';
import { type Watcher, watchNetns, watchPaths } from './workload/watch.ts';

export interface RunningAgent {
  /** Drains, then detaches (or leaves attached, as the options say). */
  stop(): Promise<void>;
  /** Resolves once it has stopped. */
  readonly done: Promise<void>;
}

const object = fileURLToPath(new URL('../build/sluice.bpf.o', import.meta.url));

/** @throws {Error} with everything that keeps it from starting; then nothing was attached that was not before. */
export async function runAgent(options: AgentOptions, log: Log): Promise<RunningAgent> {
  const lock = lockInstance(options.instance);
  const reader = new StateReader(options);
  const desired = await reader.read();
  if (!('resolved' in desired)) throw new Error(paragraphOf(desired));
  if (desired.problems.length > 0) throw new Error(paragraphOf(desired.problems));

  const report = new AgentReport(options, desired);
  const servers: { admin?: AdminServer; metrics?: MetricsServer } = {};
  let datapath: Datapath | undefined;
  try {
    if (options.metrics !== undefined) {
      servers.metrics = await serveMetrics(options.metrics, () => report.metrics());
      log.info('serving metrics', { address: options.metrics });
    }
    datapath = await Datapath.open({
      instance: options.instance,
      object,
      workers: options.workers,
      judge: options.judge,
    });
    if (datapath.adopted) log.info('going on with what an earlier agent left attached');
    const kernel = datapath;
    const pool = await WorkerPool.start(options.workers, datapath, desired.resolved, log, (records) => {
      kernel.readRings();
      report.records(records);
    });
    datapath.observe((events) => {
      for (const event of events) report.event(event);
    });
    const takeovers = datapath.takeOver(pool.netns, ({ facts, downstream, upstream }) =>
      pool.adopt(facts, downstream, upstream),
    );
    datapath.observeRequests(
      new JudgedRequests(
        (id) => report.ruleSet(id),
        (made) => report.judged(made),
      ),
    );
    datapath.apply(desired.resolved, desired.taps);
    const agent = new Agent(options, log, reader, report, datapath, pool, takeovers, servers, lock);
    servers.admin = await startAdmin(adminSocketPath(options.instance), report.view(agent), log);
    agent.start(desired);
    return agent;
  } catch (error) {
    await servers.metrics?.close();
    // What an earlier agent left in force stays so; a first start leaves nothing.
    await datapath?.close(datapath.adopted);
    throw error;
  }
}

function runDirectory(instance: string): string {
  return `/run/${instance}`;
}

function lockInstance(instance: string): number {
  mkdirSync(runDirectory(instance), { recursive: true, mode: 0o755 });
  const lock = lockFile(`${runDirectory(instance)}/lock`);
  if (lock !== undefined) return lock;
  throw new Error(
    `an agent with the instance name ${instance} is already running; stop it first, or give this one another name with --instance`,
  );
}

/** Equal exactly when the same policy is to be in force at the same taps. */
function fingerprintOf({ resolved, taps, workloads }: DesiredState): string {
  const state = [{ ...resolved, revision: 0 }, taps, workloads.map(({ addresses }) => addresses)];
  return JSON.stringify(state, (_, value: unknown) => (value instanceof Map ? [...value] : value));
}

function paragraphOf(problems: readonly Problem[]): string {
  return problems.map(({ source, message }) => `${source}: ${message}`).join('\n');
}

class Agent implements RunningAgent {
  readonly done: Promise<void>;
  readonly #options: AgentOptions;
  readonly #log: Log;
  readonly #reader: StateReader;
  readonly #report: AgentReport;
  readonly #datapath: Datapath;
  readonly #pool: WorkerPool;
  readonly #takeovers: Takeovers;
  readonly #servers: { readonly admin?: AdminServer; readonly metrics?: MetricsServer };
  readonly #lock: number;
  readonly #watchers: Watcher[] = [];
  readonly #ended: () => void;
  #expiry: NodeJS.Timeout | undefined;
  /** The reading under way or the last one; the next waits for it. */
  #reading: Promise<void> = Promise.resolve();
  #readingQueued = false;
  #inForce = '';

  constructor(
    options: AgentOptions,
    log: Log,
    reader: StateReader,
    report: AgentReport,
    datapath: Datapath,
    pool: WorkerPool,
    takeovers: Takeovers,
    servers: { readonly admin?: AdminServer; readonly metrics?: MetricsServer },
    lock: number,
  ) {
    this.#options = options;
    this.#log = log;
    this.#reader = reader;
    this.#report = report;
    this.#datapath = datapath;
    this.#pool = pool;
    this.#takeovers = takeovers;
    this.#servers = servers;
    this.#lock = lock;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.done = promise;
    this.#ended = resolve;
  }

  get datapath(): Datapath {
    return this.#datapath;
  }

  get takeovers(): Takeovers {
    return this.#takeovers;
  }

  get pool(): WorkerPool {
    return this.#pool;
  }

  start(desired: DesiredState): void {
    this.#inForce = fingerprintOf(desired);
    this.#expiry = setInterval(() => this.#datapath.expire(), limits.expireIntervalMs);
    const { policies, workloads } = this.#options;
    this.#watchers.push(watchPaths([...policies, workloads], () => this.#changed()));
    this.#watchers.push(watchNetns(() => this.#changed()));
    for (const { interfaceName, endpoint } of desired.taps) {
      this.#log.info('attached', { interface: interfaceName, workload: this.#report.names.endpoint(endpoint) });
    }
    this.#log.info('ready', {
      endpoints: desired.taps.length,
      workers: this.#options.workers,
      hooks: this.#datapath.attachmentKind,
      revision: desired.resolved.revision,
    });
    this.#report.ready = true;
  }

  /** Reads everything again; resolves when the outcome is in force or its problems are known. */
  reload(): Promise<void> {
    if (!this.#readingQueued) {
      this.#readingQueued = true;
      this.#reading = this.#reading.then(() => {
        this.#readingQueued = false;
        return this.#read();
      });
    }
    return this.#reading;
  }

  async stop(): Promise<void> {
    for (const watcher of this.#watchers) watcher.close();
    clearInterval(this.#expiry);
    await this.#reading;
    this.#takeovers.close();
    await this.#pool.stop();
    await this.#datapath.close(this.#options.leaveAttached);
    await this.#servers.metrics?.close();
    await this.#servers.admin?.close();
    rmSync(runDirectory(this.#options.instance), { recursive: true, force: true });
    closeFd(this.#lock);
    this.#log.info(
      this.#options.leaveAttached ? 'stopped; the programs stay attached' : 'stopped; nothing stays attached',
    );
    this.#ended();
  }

  #changed(): void {
    this.reload().catch((error: unknown) => this.#log.error('could not read what changed', { error: String(error) }));
  }

  async #read(): Promise<void> {
    try {
      const desired = await this.#reader.read();
      if ('resolved' in desired) await this.#enforce(desired);
      else this.#refuse(desired);
    } catch (error) {
      this.#refuse([{ source: 'agent', message: error instanceof Error ? error.message : String(error) }]);
    }
  }

  async #enforce(desired: DesiredState): Promise<void> {
    // Most of what the machine reports changes nothing, and every new revision makes the kernel judge all anew.
    const fingerprint = fingerprintOf(desired);
    if (fingerprint === this.#inForce) {
      this.#report.problems = desired.problems;
      return;
    }
    await this.#pool.setPolicy(desired.resolved);
    this.#datapath.apply(desired.resolved, desired.taps);
    this.#inForce = fingerprint;
    this.#report.inForce(desired);
    for (const { source, message } of desired.problems) this.#log.warn(`${source}: ${message}`);
    this.#log.info('the policy is in force', { revision: desired.resolved.revision, endpoints: desired.taps.length });
  }

  #refuse(problems: readonly Problem[]): void {
    this.#report.problems = problems;
    for (const { source, message } of problems) this.#log.error(`${source}: ${message}; what was in force stays so`);
  }
}
