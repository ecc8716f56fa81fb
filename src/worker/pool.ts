/**
 * The proxy's workers, seen from the main thread. The listeners are made here and outlive a worker that fails: the one
 * that replaces it goes on with what waits in their backlog.
 */

import { setTimeout as delay } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { closeFd, listenTransparent, openNetns, resetFd } from '../../native/index.ts';
import type { Accepted, Identify } from '../../proxy/identify.ts';
import type { BrokerAddress } from '../../proxy/kafka/brokers.ts';
import type { Progress } from '../../proxy/progress.ts';
import type { ConnectionFacts } from '../../proxy/record.ts';
import type { ReleasedConnection } from '../../proxy/serve.ts';
import type { WorkerStatus } from '../admin/agent-view.ts';
import type { Datapath } from '../datapath/datapath.ts';
import type { Direction } from '../identity/identity.ts';
import { limits } from '../limits.ts';
import type { Log } from '../log.ts';
import type { ResolvedPolicy } from '../policy/resolved.ts';
import { type IdentityMaps, identifyBy } from './identify.ts';
import type { FromWorker, Listeners, ToWorker, WorkerActivity, WorkerSetup } from './messages.ts';
import type { PackedRecords } from './packed-records.ts';

const directions = ['egress', 'ingress'] as const satisfies readonly Direction[];

interface Member {
  readonly id: number;
  readonly listeners: Listeners;
  worker: Worker;
  activity: WorkerActivity;
  /** Live connections that were handed to it. */
  adopted: number;
  /** `draining`: the worker was told to end. */
  state: 'serving' | 'draining' | 'ended';
}

/** Of a release: connections that were handed on, and that the workers still have. */
export interface ReleaseCounts {
  readonly released: number;
  readonly left: number;
}

/** What workers tell of the traffic. */
export interface WorkerNews {
  records(records: PackedRecords): void;
  brokers(facts: ConnectionFacts, brokers: readonly BrokerAddress[]): void;
}

export interface PoolOptions {
  readonly count: number;
  readonly datapath: Datapath;
  readonly policy: ResolvedPolicy;
  readonly log: Log;
  readonly news: WorkerNews;
  /** Of an agent that is taken over from; the pool's from here on. */
  readonly listeners: readonly Readonly<Record<Direction, number>>[];
}

export class WorkerPool {
  readonly #datapath: Datapath;
  readonly #log: Log;
  readonly #news: WorkerNews;
  readonly #netns: Readonly<Record<Direction, number>>;
  readonly #members: Member[] = [];
  readonly #waiting = new Set<{ readonly revision: number; left: number; readonly done: () => void }>();
  readonly #maps: IdentityMaps;
  readonly #identify: Identify;
  #policy: ResolvedPolicy;
  #accepting = false;

  private constructor(datapath: Datapath, policy: ResolvedPolicy, log: Log, news: WorkerNews) {
    this.#datapath = datapath;
    this.#policy = policy;
    this.#log = log;
    this.#news = news;
    this.#maps = { connectionsFd: datapath.connectionsFd, endpointsFd: datapath.endpointsFd };
    this.#identify = identifyBy(this.#maps);
    this.#netns = {
      egress: openNetns(datapath.namespaces.egress.path),
      ingress: openNetns(datapath.namespaces.ingress.path),
    };
  }

  /**
   * Resolves when every worker is ready and the kernel knows its listeners: those that are given, and new ones where these
   * are too few. Connections wait in their backlogs for `accept`.
   */
  static async start({ count, datapath, policy, log, news, listeners }: PoolOptions): Promise<WorkerPool> {
    const pool = new WorkerPool(datapath, policy, log, news);
    const given = (id: number, direction: Direction): number[] =>
      listeners.flatMap((each, at) => (at % count === id ? [each[direction]] : []));
    const ids = Array.from({ length: count }, (_, id) => id);
    await Promise.all(ids.map((id) => pool.#add(id, { egress: given(id, 'egress'), ingress: given(id, 'ingress') })));
    return pool;
  }

  /** Takes new connections from now on, with new workers for those that were drained. */
  accept(): void {
    this.#accepting = true;
    for (const member of this.#members) if (member.state !== 'serving') this.#replace(member);
    this.#broadcast({ type: 'accept', accepting: true });
  }

  /** New connections wait in the listeners' backlogs, for `accept` or for another process that has the listeners too. */
  stopAccepting(): void {
    this.#accepting = false;
    this.#broadcast({ type: 'accept', accepting: false });
  }

  /** Of all workers; they stay the pool's. */
  listeners(): Record<Direction, number>[] {
    return this.#members.flatMap(({ listeners: { egress, ingress } }) =>
      egress.flatMap((fd, at) => (ingress[at] === undefined ? [] : [{ egress: fd, ingress: ingress[at] }])),
    );
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
    const left = this.#members.filter(({ state }) => state !== 'ended').length;
    if (left === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#waiting.add({ revision: policy.revision, left, done: resolve });
      this.#broadcast({ type: 'policy', policy });
    });
  }

  /** Hands a live connection to the worker that was handed the fewest. One that no tap is known for is reset. */
  adopt(flow: Accepted, downstream: number, upstream: number | undefined, progress?: Progress): void {
    const [least] = this.#members.filter(({ state }) => state !== 'ended').sort((a, b) => a.adopted - b.adopted);
    const facts = this.#identify(flow);
    if (!least || !facts) {
      resetFd(downstream);
      if (upstream !== undefined) resetFd(upstream);
      return;
    }
    least.adopted++;
    least.worker.postMessage({
      type: 'adopt',
      facts,
      downstream,
      ...(upstream !== undefined && { upstream }),
      ...(progress && { progress }),
    } satisfies ToWorker);
  }

  /**
   * Takes from the workers every connection that comes to a boundary within `withinMs`: `deliver` owns their descriptors.
   * The others, and those that are accepted meanwhile, stay where they are.
   */
  async release(withinMs: number, deliver: (connection: ReleasedConnection) => void): Promise<ReleaseCounts> {
    const counts = await Promise.all(this.#members.map((member) => releaseOf(member.worker, withinMs, deliver)));
    return counts.reduce((sum, { released, left }) => ({ released: sum.released + released, left: sum.left + left }));
  }

  get netns(): Readonly<Record<Direction, number>> {
    return this.#netns;
  }

  /**
   * Ends the workers: after the exchanges under way, at the latest after `withinMs`. Resolves when all have ended.
   * @param onLast called when what was there at the call is gone, or nearly no time is left: connections that are adopted
   * meanwhile are served, and none must come after it
   */
  async drain(withinMs: number, onLast: () => void = () => undefined): Promise<void> {
    const serving = this.#members.filter(({ state }) => state === 'serving');
    for (const member of serving) member.state = 'draining';
    const workers = serving.map(({ worker }) => worker);
    const ended = Promise.all(workers.map((worker) => new Promise((resolve) => worker.once('exit', resolve))));
    const tell = (message: ToWorker): void => {
      for (const worker of workers) worker.postMessage(message);
    };
    const deadline = setTimeout(() => tell({ type: 'close' }), withinMs);
    const drained = Promise.all(workers.map(drainedOf));
    tell({ type: 'drain' });
    const late = new AbortController();
    await Promise.race([drained, ended, delay(withinMs - limits.drainLastMs, undefined, { signal: late.signal })]);
    late.abort();
    onLast();
    tell({ type: 'finish' });
    await ended;
    clearTimeout(deadline);
  }

  /** Drains, and closes what the pool has. @param onLast as `drain` */
  async stop(onLast?: () => void): Promise<void> {
    for (const { id } of this.#members) {
      for (const direction of directions) this.#datapath.clearListener(direction, id);
    }
    await this.drain(limits.drainTimeoutMs, onLast);
    for (const { listeners } of this.#members) {
      for (const direction of directions) for (const fd of listeners[direction]) closeFd(fd);
    }
    for (const direction of directions) closeFd(this.#netns[direction]);
  }

  async #add(id: number, given: Listeners): Promise<void> {
    const listen = (direction: Direction): readonly number[] =>
      given[direction].length > 0
        ? given[direction]
        : [listenTransparent({ netns: this.#netns[direction], port: 0, backlog: limits.listenBacklog })];
    const listeners = { egress: listen('egress'), ingress: listen('ingress') };
    const member: Member = {
      id,
      listeners,
      worker: this.#spawn(id, listeners),
      activity: { connections: 0, requests: 0, closed: {} },
      adopted: 0,
      state: 'serving',
    };
    this.#members.push(member);
    await this.#watch(member);
    for (const direction of directions) {
      const [first] = listeners[direction];
      if (first !== undefined) this.#datapath.setListener(direction, id, first);
    }
  }

  #spawn(id: number, listeners: Listeners): Worker {
    const setup: WorkerSetup = {
      id,
      netns: this.#netns,
      listeners,
      accepting: this.#accepting,
      maps: this.#maps,
      home: { streamsFd: this.#datapath.streamsFd, steerId: this.#datapath.steerId },
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
        if (member.worker !== worker) return;
        // What is asked of all is owed by it no more: a new one starts with the newest policy.
        for (const waiting of this.#waiting) this.#acknowledge(waiting.revision);
        // One that fails before it is ready would fail for ever.
        if (member.state === 'serving' && ready) this.#replace(member);
        else member.state = 'ended';
      });
    });
  }

  #replace(member: Member): void {
    member.state = 'serving';
    member.worker = this.#spawn(member.id, member.listeners);
    this.#watch(member).catch(() => {
      this.#log.error('the worker that replaces a failed one fails at its start', { worker: member.id });
    });
  }

  #hear(member: Member, message: Exclude<FromWorker, { type: 'ready' }>): void {
    switch (message.type) {
      case 'records':
        this.#news.records(message.records);
        break;
      case 'brokers':
        this.#news.brokers(message.facts, message.brokers);
        break;
      case 'activity':
        member.activity = message.activity;
        break;
      case 'policy-in-force':
        this.#acknowledge(message.revision);
        break;
      case 'drained':
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

function drainedOf(worker: Worker): Promise<void> {
  return new Promise((resolve) => {
    worker.once('exit', () => resolve());
    worker.on('message', ({ type }: FromWorker) => {
      if (type === 'drained') resolve();
    });
  });
}

function releaseOf(
  worker: Worker,
  withinMs: number,
  deliver: (connection: ReleasedConnection) => void,
): Promise<ReleaseCounts> {
  return new Promise((resolve) => {
    const end = (counts: ReleaseCounts): void => {
      worker.off('message', hear);
      worker.off('exit', gone);
      resolve(counts);
    };
    const gone = (): void => end({ released: 0, left: 0 });
    const hear = (message: FromWorker): void => {
      if (message.type === 'released') deliver(message.connection);
      else if (message.type === 'release-over') end(message);
    };
    worker.on('message', hear);
    worker.once('exit', gone);
    worker.postMessage({ type: 'release', withinMs } satisfies ToWorker);
  });
}
