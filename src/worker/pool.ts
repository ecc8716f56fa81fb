/**
 * The proxy's workers, seen from the main thread. The listeners are made here and outlive a worker that fails: the one
 * that replaces it goes on with what waits in their backlog.
 */

import { Worker } from 'node:worker_threads';
import { closeFd, listenTransparent, openNetns } from '../../native/index.ts';
import type { ConnectionFacts } from '../../proxy/record.ts';
import type { ReleasedConnection } from '../../proxy/serve.ts';
import type { WorkerStatus } from '../admin/agent-view.ts';
import type { Datapath } from '../datapath/datapath.ts';
import type { Direction } from '../identity/identity.ts';
import { limits } from '../limits.ts';
import type { Log } from '../log.ts';
import type { ResolvedPolicy } from '../policy/resolved.ts';
import type { FromWorker, ToWorker, WorkerActivity, WorkerSetup } from './messages.ts';
import type { PackedRecords } from './packed-records.ts';

const directions = ['egress', 'ingress'] as const satisfies readonly Direction[];

interface Member {
  readonly id: number;
  readonly listeners: Readonly<Record<Direction, number>>;
  worker: Worker;
  activity: WorkerActivity;
  /** Live connections that were handed to it. */
  adopted: number;
}

export class WorkerPool {
  readonly #datapath: Datapath;
  readonly #log: Log;
  readonly #onRecords: (records: PackedRecords) => void;
  readonly #netns: Readonly<Record<Direction, number>>;
  readonly #members: Member[] = [];
  readonly #waiting = new Set<{ readonly revision: number; left: number; readonly done: () => void }>();
  #policy: ResolvedPolicy;
  #stopping = false;

  private constructor(
    datapath: Datapath,
    policy: ResolvedPolicy,
    log: Log,
    onRecords: (records: PackedRecords) => void,
  ) {
    this.#datapath = datapath;
    this.#policy = policy;
    this.#log = log;
    this.#onRecords = onRecords;
    this.#netns = {
      egress: openNetns(datapath.namespaces.egress.path),
      ingress: openNetns(datapath.namespaces.ingress.path),
    };
  }

  /** Resolves when every worker accepts and the kernel knows its listeners. */
  static async start(
    count: number,
    datapath: Datapath,
    policy: ResolvedPolicy,
    log: Log,
    onRecords: (records: PackedRecords) => void,
  ): Promise<WorkerPool> {
    const pool = new WorkerPool(datapath, policy, log, onRecords);
    await Promise.all(Array.from({ length: count }, (_, id) => pool.#add(id)));
    return pool;
  }

  status(): WorkerStatus[] {
    return this.#members.map(({ id, activity: { connections, requests } }) => ({ id, connections, requests }));
  }

  /** Connections that ended, by cause, of all workers. */
  closedConnections(): Record<string, number> {
    const sum: Record<string, number> = {};
    for (const { activity } of this.#members) {
      for (const [cause, count] of Object.entries(activity.closed)) sum[cause] = (sum[cause] ?? 0) + count;
    }
    return sum;
  }

  /** Resolves when every worker judges by it. */
  setPolicy(policy: ResolvedPolicy): Promise<void> {
    this.#policy = policy;
    return new Promise((resolve) => {
      this.#waiting.add({ revision: policy.revision, left: this.#members.length, done: resolve });
      this.#broadcast({ type: 'policy', policy });
    });
  }

  /** Hands a live connection to the worker that was handed the fewest. */
  adopt(facts: ConnectionFacts, downstream: number, upstream: number): void {
    const [least] = [...this.#members].sort((a, b) => a.adopted - b.adopted);
    if (!least) return;
    least.adopted++;
    least.worker.postMessage({ type: 'adopt', facts, downstream, upstream } satisfies ToWorker);
  }

  /**
   * Takes from the workers every connection that comes to a boundary within `withinMs`: `deliver` owns their descriptors.
   * The others, and those that are accepted meanwhile, stay where they are. @returns how many were handed on
   */
  async release(withinMs: number, deliver: (connection: ReleasedConnection) => void): Promise<number> {
    const counts = await Promise.all(this.#members.map((member) => releaseOf(member.worker, withinMs, deliver)));
    return counts.reduce((sum, count) => sum + count, 0);
  }

  get netns(): Readonly<Record<Direction, number>> {
    return this.#netns;
  }

  /** Ends the workers: after the exchanges under way, at the latest after `limits.drainTimeoutMs`. */
  async stop(): Promise<void> {
    this.#stopping = true;
    for (const { id } of this.#members) {
      for (const direction of directions) this.#datapath.clearListener(direction, id);
    }
    const ended = Promise.all(
      this.#members.map(({ worker }) => new Promise((resolve) => worker.once('exit', resolve))),
    );
    this.#broadcast({ type: 'drain' });
    const deadline = setTimeout(() => this.#broadcast({ type: 'close' }), limits.drainTimeoutMs);
    await ended;
    clearTimeout(deadline);
    for (const { listeners } of this.#members) for (const direction of directions) closeFd(listeners[direction]);
    for (const direction of directions) closeFd(this.#netns[direction]);
  }

  async #add(id: number): Promise<void> {
    const listen = (direction: Direction): number =>
      listenTransparent({ netns: this.#netns[direction], port: 0, backlog: limits.listenBacklog });
    const listeners = { egress: listen('egress'), ingress: listen('ingress') };
    const member: Member = {
      id,
      listeners,
      worker: this.#spawn(id, listeners),
      activity: { connections: 0, requests: 0, closed: {} },
      adopted: 0,
    };
    this.#members.push(member);
    await this.#watch(member);
    for (const direction of directions) this.#datapath.setListener(direction, id, listeners[direction]);
  }

  #spawn(id: number, listeners: Member['listeners']): Worker {
    const setup: WorkerSetup = {
      id,
      netns: this.#netns,
      listeners,
      connectionsFd: this.#datapath.connectionsFd,
      policy: this.#policy,
    };
    return new Worker(new URL('./thread.ts', import.meta.url), {
      workerData: setup,
      // Garbage is short-lived here: a small nursery is collected often and keeps the process small.
      resourceLimits: { maxYoungGenerationSizeMb: limits.workerNurseryMib },
    });
  }

  /** @returns when the worker is ready */
  #watch(member: Member): Promise<void> {
    const { worker, id } = member;
    let ready = false;
    return new Promise((resolve, reject) => {
      worker.on('message', (message: FromWorker) => {
        if (message.type === 'ready') {
          ready = true;
          resolve();
        } else {
          this.#hear(member, message);
        }
      });
      worker.once('error', (error) => {
        this.#log.error('a proxy worker failed; its connections are gone', {
          worker: id,
          error: error.stack ?? String(error),
        });
        reject(error);
      });
      worker.once('exit', () => {
        // One that fails before it is ready would fail for ever.
        if (!this.#stopping && ready) this.#replace(member);
      });
    });
  }

  /** Its policy acknowledgements are owed no more: the new one starts with the newest policy. */
  #replace(member: Member): void {
    for (const waiting of this.#waiting) this.#acknowledge(waiting.revision);
    member.worker = this.#spawn(member.id, member.listeners);
    this.#watch(member).catch(() => {
      this.#log.error('the worker that replaces a failed one fails at its start', { worker: member.id });
    });
  }

  #hear(member: Member, message: Exclude<FromWorker, { type: 'ready' }>): void {
    switch (message.type) {
      case 'records':
        this.#onRecords(message.records);
        break;
      case 'activity':
        member.activity = message.activity;
        break;
      case 'policy-in-force':
        this.#acknowledge(message.revision);
        break;
      case 'released':
      case 'release-over':
        break; // heard by who asked
    }
  }

  #acknowledge(revision: number): void {
    for (const waiting of this.#waiting) {
      if (waiting.revision !== revision || --waiting.left > 0) continue;
      this.#waiting.delete(waiting);
      waiting.done();
    }
  }

  #broadcast(message: ToWorker): void {
    for (const { worker } of this.#members) worker.postMessage(message);
  }
}

function releaseOf(
  worker: Worker,
  withinMs: number,
  deliver: (connection: ReleasedConnection) => void,
): Promise<number> {
  return new Promise((resolve) => {
    const end = (count: number): void => {
      worker.off('message', hear);
      worker.off('exit', gone);
      resolve(count);
    };
    const gone = (): void => end(0);
    const hear = (message: FromWorker): void => {
      if (message.type === 'released') deliver(message.connection);
      else if (message.type === 'release-over') end(message.released);
    };
    worker.on('message', hear);
    worker.once('exit', gone);
    worker.postMessage({ type: 'release', withinMs } satisfies ToWorker);
  });
}
