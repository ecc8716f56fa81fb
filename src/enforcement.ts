/** Keeps in force what the files and the machine ask for, from the first reading on, as they change. */

import { createHash } from 'node:crypto';
import type { Problem } from './admin/agent-view.ts';
import type { AgentReport } from './agent-report.ts';
import type { Datapath } from './datapath/datapath.ts';
import type { DesiredState, StateReader } from './desired-state.ts';
import type { Log } from './log.ts';
import type { L7RuleSet } from './policy/resolved.ts';
import type { WorkerPool } from './worker/pool.ts';
import { type PathWatcher, type Watcher, watchNetns, watchPaths } from './workload/watch.ts';

/** What a change reaches: kernel and workers, nobody while a new agent prepares, or the workers once the kernel is its. */
type Reach = 'everything' | 'nothing' | 'workers';

export interface Enforcers {
  readonly datapath: Datapath;
  readonly pool: WorkerPool;
}

/** Equal exactly when the same policy is to be in force at the same taps. */
function fingerprintOf({ resolved, taps, workloads }: DesiredState): string {
  const state = [{ ...resolved, revision: 0 }, taps, workloads.map(({ addresses }) => addresses)];
  return createHash('sha256').update(JSON.stringify(state, distinguishing)).digest('base64url');
}

/** Of a rule set its key says everything; thousands of rules stand behind it, and many peers and endpoints share one. */
function distinguishing(name: string, value: unknown): unknown {
  if (name === 'ruleSet') return (value as L7RuleSet).key;
  return value instanceof Map ? [...value] : value;
}

export class Enforcement {
  readonly #log: Log;
  readonly #reader: StateReader;
  readonly #report: AgentReport;
  readonly #enforcers: Enforcers;
  readonly #watchers: Watcher[] = [];
  #files: PathWatcher | undefined;
  #reach: Reach = 'everything';
  /** Something changed that was not looked at. */
  #missed = false;
  /** The reading under way or the last one; the next waits for it. */
  #reading: Promise<void> = Promise.resolve();
  #readingQueued = false;
  #desired: DesiredState;
  #inForce: string;

  /** @param desired in force already */
  constructor(log: Log, reader: StateReader, report: AgentReport, enforcers: Enforcers, desired: DesiredState) {
    this.#log = log;
    this.#reader = reader;
    this.#report = report;
    this.#enforcers = enforcers;
    this.#desired = desired;
    this.#inForce = fingerprintOf(desired);
  }

  watch(): void {
    this.#files = watchPaths(this.#reader.paths, () => this.#changed());
    this.#watchers.push(this.#files);
    this.#watchers.push(watchNetns(() => this.#changed()));
  }

  /**
   * Reads everything again; resolves when the outcome is in force or its problems are known.
   * @throws {Error} while a new agent takes over
   */
  reload(): Promise<void> {
    if (this.#reach !== 'everything') {
      return Promise.reject(new Error('a new agent is just taking over from this one; it reads the files by itself'));
    }
    return this.#readAgain();
  }

  /** Nothing that is in force changes any more once this resolves. */
  async pause(): Promise<void> {
    this.#reach = 'nothing';
    await this.#reading;
  }

  /** The kernel is a new agent's; the workers still judge for the connections that they have. */
  yieldKernel(): void {
    this.#reach = 'workers';
    this.#catchUp();
  }

  /** After `pause` and `yieldKernel`: puts all in force again that another agent may have changed. */
  resume(): void {
    this.#reach = 'everything';
    this.#enforcers.datapath.reassert(this.#desired.resolved, this.#desired.taps);
    this.#catchUp();
  }

  async close(): Promise<void> {
    for (const watcher of this.#watchers) watcher.close();
    await this.#reading;
  }

  #changed(): void {
    if (this.#reach === 'nothing') {
      this.#missed = true;
      return;
    }
    this.#readAgain().catch((error: unknown) =>
      this.#log.error('could not read what changed', { error: String(error) }),
    );
  }

  #catchUp(): void {
    const missed = this.#missed;
    this.#missed = false;
    if (missed) this.#changed();
  }

  #readAgain(): Promise<void> {
    if (!this.#readingQueued) {
      this.#readingQueued = true;
      this.#reading = this.#reading.then(() => {
        this.#readingQueued = false;
        return this.#read();
      });
    }
    return this.#reading;
  }

  async #read(): Promise<void> {
    if (this.#reach === 'nothing') {
      this.#missed = true;
      return;
    }
    try {
      const desired = await this.#reader.read();
      this.#files?.watch(this.#reader.paths);
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
    const { datapath, pool } = this.#enforcers;
    await pool.setPolicy(desired.resolved);
    if (this.#reach === 'everything') datapath.apply(desired.resolved, desired.taps);
    this.#desired = desired;
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
