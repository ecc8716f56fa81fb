/**
 * The agent: what the command line's `run` starts and stops.
 *
 *     files + machine → desired state → workers judge by it → kernel enforces it
 *
 * The order is what keeps it closed: workers know a policy before the kernel sends them a flow under it, and no tap is
 * attached before its policy is in the kernel. Beside a running agent it is the same way, and the last step takes over.
 */

import { rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { closeFd, duplicateFd } from '../native/index.ts';
import type { Problem } from './admin/agent-view.ts';
import type { AgentOptions } from './agent-options.ts';
import { AgentReport } from './agent-report.ts';
import { version } from './cli/version.ts';
import { Datapath } from './datapath/datapath.ts';
import { JudgedRequests } from './datapath/judged-requests.ts';
import type { Takeovers } from './datapath/takeover.ts';
import { StateReader } from './desired-state.ts';
import { Doors } from './doors.ts';
import { Enforcement } from './enforcement.ts';
import type { Claim } from './handover/claim.ts';
import { ConnectionsOut } from './handover/connections-out.ts';
import { type Offer, offerHandover, type Predecessor } from './handover/offer.ts';
import { takePlace } from './handover/place.ts';
import type { Log } from './log.ts';
import { runDirectory } from './run-directory.ts';
import { WorkerPool } from './worker/pool.ts';

export interface RunningAgent {
  /** Drains, then detaches (or leaves attached, as the options say). */
  stop(): Promise<void>;
  /** Resolves once it has stopped, or another agent has taken over from it. */
  readonly done: Promise<void>;
}

const object = fileURLToPath(new URL('../build/sluice.bpf.o', import.meta.url));

/** @throws {Error} with everything that keeps it from starting; then what was attached before is, and nothing else. */
export async function runAgent(options: AgentOptions, log: Log): Promise<RunningAgent> {
  const reader = new StateReader(options);
  const desired = await reader.read();
  if (!('resolved' in desired)) throw new Error(paragraphOf(desired));
  if (desired.problems.length > 0) throw new Error(paragraphOf(desired.problems));

  const { lock, claim } = await takePlace(options.instance);
  if (claim) log.info('taking over from the running agent');
  const report = new AgentReport(options, desired);
  const doors = new Doors(options, report, log);
  let datapath: Datapath | undefined;
  let pool: WorkerPool | undefined;
  try {
    if (options.metrics !== claim?.metrics) await doors.openMetrics();
    datapath = await Datapath.open({
      instance: options.instance,
      object,
      workers: options.workers,
      judge: options.judge,
    });
    if (datapath.adopted) log.info('going on with what an earlier agent left attached');
    const kernel = datapath;
    pool = await WorkerPool.start({
      count: options.workers,
      datapath,
      policy: desired.resolved,
      log,
      listeners: claim?.listeners ?? [],
      news: {
        records(records) {
          kernel.readRings();
          report.records(records);
        },
        brokers: (facts, brokers) => report.brokers(facts, brokers),
      },
    });
    const connections = new ConnectionsOut(pool);
    const takeovers = datapath.takeOver(pool.netns, ({ facts, downstream, upstream }) =>
      connections.adopt(facts, downstream, upstream),
    );
    datapath.observe(
      (events) => {
        for (const event of events) report.event(event);
      },
      new JudgedRequests(
        (id) => report.ruleSet(id),
        (made) => report.judged(made),
      ),
    );
    datapath.apply(desired.resolved, desired.taps);
    const enforcement = new Enforcement(log, reader, report, { datapath, pool }, desired);
    const agent = new Agent({
      options,
      log,
      report,
      doors,
      datapath,
      pool,
      connections,
      takeovers,
      enforcement,
      lock,
    });
    await agent.start(claim);
    for (const { interfaceName, endpoint } of desired.taps) {
      log.info('attached', { interface: interfaceName, workload: report.names.endpoint(endpoint) });
    }
    log.info('ready', {
      endpoints: desired.taps.length,
      workers: options.workers,
      hooks: datapath.attachmentKind,
      revision: desired.resolved.revision,
    });
    return agent;
  } catch (error) {
    await doors.close();
    await pool?.stop();
    // What an earlier agent left in force stays so; a first start leaves nothing.
    await datapath?.close(datapath.adopted);
    // The running agent hears of the end and goes on.
    claim?.abandon();
    throw error;
  }
}

function paragraphOf(problems: readonly Problem[]): string {
  return problems.map(({ source, message }) => `${source}: ${message}`).join('\n');
}

interface Parts {
  readonly options: AgentOptions;
  readonly log: Log;
  readonly report: AgentReport;
  readonly doors: Doors;
  readonly datapath: Datapath;
  readonly pool: WorkerPool;
  readonly connections: ConnectionsOut;
  readonly takeovers: Takeovers;
  readonly enforcement: Enforcement;
  /** Descriptor. */
  readonly lock: number;
}

class Agent implements RunningAgent, Predecessor {
  readonly done: Promise<void>;
  readonly #parts: Parts;
  readonly #ended: () => void;
  #offer: Offer | undefined;
  #stopping = false;
  /** The agent before this one, from which connections may still come. */
  #before: Claim | undefined;
  /** Of the hand-over to a new agent: resolves with whether that one is in force. */
  #handover: PromiseWithResolvers<boolean> | undefined;

  constructor(parts: Parts) {
    this.#parts = parts;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.done = promise;
    this.#ended = resolve;
  }

  get datapath(): Datapath {
    return this.#parts.datapath;
  }

  get takeovers(): Takeovers {
    return this.#parts.takeovers;
  }

  get pool(): WorkerPool {
    return this.#parts.pool;
  }

  get metrics(): string | undefined {
    return this.#parts.options.metrics;
  }

  /** The programs are at their hooks: goes on from there. */
  async start(claim: Claim | undefined): Promise<void> {
    const { log, pool, doors, report, enforcement } = this.#parts;
    const free = claim?.inForce((...connection) => pool.adopt(...connection));
    pool.accept();
    if (claim) {
      this.#before = claim;
      void claim.ended.then((outcome) => {
        this.#before = undefined;
        if (outcome === 'done') log.info('the agent before has handed over all that it had');
        else log.warn('the agent before died; connections that it had not handed over are gone');
      });
    }
    await doors.openAdmin(this);
    await free;
    // Past the point of return: what is missing is told, and no reason to end.
    if (free) await doors.openMetrics().catch((error: unknown) => log.error(String(error)));
    else await doors.openMetrics();
    enforcement.watch();
    this.#begin();
    report.ready = true;
  }

  reload(): Promise<void> {
    return this.#parts.enforcement.reload();
  }

  async stop(): Promise<void> {
    if (this.#handover) this.hurry();
    if (await this.#handover?.promise) return;
    this.#stopping = true;
    this.#parts.log.info('stopping: what is under way may end');
    const { options, log, doors, datapath, enforcement, pool, takeovers, lock } = this.#parts;
    this.#offer?.close();
    datapath.expiry.stop();
    await enforcement.close();
    await this.#endOfBefore();
    // Who is doubted while the others drain is served, too. What is held after that waits for the next agent, or for the
    // programs' end.
    await pool.stop(() => takeovers.close());
    await datapath.close(options.leaveAttached);
    await doors.close();
    rmSync(runDirectory(options.instance), { recursive: true, force: true });
    closeFd(lock);
    log.info(options.leaveAttached ? 'stopped; the programs stay attached' : 'stopped; nothing stays attached');
    this.#ended();
  }

  // As the one that a new agent takes over from.

  refusal(): string | undefined {
    if (this.#stopping) return 'it is just stopping';
    if (this.#parts.datapath.attachmentKind === 'tcx') return undefined;
    return 'this kernel (before 6.6) attaches traffic programs in a way in which they can’t be exchanged';
  }

  async pause(): Promise<void> {
    this.#handover = Promise.withResolvers();
    await this.#endOfBefore();
    await this.#parts.enforcement.pause();
  }

  belongings(): ReturnType<Predecessor['belongings']> {
    const listeners = this.#parts.pool.listeners();
    return {
      lock: duplicateFd(this.#parts.lock),
      listeners: listeners.map(({ egress, ingress }) => ({
        egress: duplicateFd(egress),
        ingress: duplicateFd(ingress),
      })),
    };
  }

  async yieldAddresses(): Promise<void> {
    this.#parts.datapath.expiry.stop();
    this.#offer?.close();
    this.#parts.enforcement.yieldKernel();
    await this.#parts.doors.close();
  }

  handOn(...args: Parameters<Predecessor['handOn']>): Promise<void> {
    return this.#parts.connections.handOn(...args);
  }

  hurry(): void {
    this.#parts.log.info('waits for no further boundary: drains what it still has');
    this.#parts.connections.hurry();
  }

  async resume(): Promise<void> {
    const { enforcement, doors, pool, log } = this.#parts;
    enforcement.resume();
    pool.accept();
    await doors.openAdmin(this);
    await doors.openMetrics().catch((error: unknown) => log.error(String(error)));
    this.#begin();
    this.#handover?.resolve(false);
    this.#handover = undefined;
  }

  async leave(): Promise<void> {
    const { enforcement, takeovers, pool, datapath, log, lock } = this.#parts;
    // Now, not a moment later: nobody hears of a connection that is taken over after the end.
    takeovers.close();
    await enforcement.close();
    await pool.stop();
    await datapath.close(true);
    closeFd(lock);
    log.info('ended; the new agent has taken over');
    this.#handover?.resolve(true);
    this.#ended();
  }

  /** Two agents hand over to each other, not three. */
  async #endOfBefore(): Promise<void> {
    this.#before?.hurry();
    await this.#before?.ended;
  }

  /** What ends with `yieldAddresses`; after that, or the attempt of it, again. */
  #begin(): void {
    const { options, log, datapath } = this.#parts;
    this.#offer?.close();
    datapath.expiry.start();
    this.#offer = offerHandover(options.instance, version(), this, log);
  }
}
