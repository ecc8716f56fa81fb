/** What the agent's main thread and its proxy workers say to each other. All of it is plain data. */

import type { BrokerAddress } from '../../proxy/kafka/brokers.ts';
import type { Progress } from '../../proxy/progress.ts';
import type { ConnectionFacts } from '../../proxy/record.ts';
import type { CloseCause } from '../../proxy/relay.ts';
import type { ReleasedConnection } from '../../proxy/serve.ts';
import type { Direction } from '../identity/identity.ts';
import type { ResolvedPolicy } from '../policy/resolved.ts';
import type { HomeMaps } from './give-back.ts';
import type { IdentityMaps } from './identify.ts';
import type { PackedRecords } from './packed-records.ts';

/** Descriptors; of those of one direction the first is the one that new connections come to. */
export type Listeners = Readonly<Record<Direction, readonly number[]>>;

/** `workerData` of a worker's thread. */
export interface WorkerSetup {
  readonly id: number;
  /** Descriptors of this process, which stay the main thread's. */
  readonly netns: Readonly<Record<Direction, number>>;
  readonly listeners: Listeners;
  /** From the start on; else from the message `accept` on. */
  readonly accepting: boolean;
  readonly maps: IdentityMaps;
  readonly home: HomeMaps;
  readonly policy: ResolvedPolicy;
}

export type ToWorker =
  | { readonly type: 'policy'; readonly policy: ResolvedPolicy }
  /** A live connection: its two descriptors are the worker's now. */
  | {
      readonly type: 'adopt';
      readonly facts: ConnectionFacts;
      readonly downstream: number;
      /** Absent: the server is to be connected to. */
      readonly upstream?: number;
      /** Absent: it was taken over from the kernel. */
      readonly progress?: Progress;
    }
  /** Every connection that comes to a boundary in this time is told by `released`, and the end of it all by `release-over`. */
  | { readonly type: 'release'; readonly withinMs: number }
  /** New connections are taken, or wait in the backlogs. */
  | { readonly type: 'accept'; readonly accepting: boolean }
  /** No more connections but those that are adopted; end each after the exchange under way. Answered by `drained`. */
  | { readonly type: 'drain' }
  /** None is adopted any more: end with the last one. */
  | { readonly type: 'finish' }
  /** End now. */
  | { readonly type: 'close' };

export type FromWorker =
  | { readonly type: 'ready' }
  /** What was there when `drain` came is gone. */
  | { readonly type: 'drained' }
  /** The policy of this revision judges from now on. */
  | { readonly type: 'policy-in-force'; readonly revision: number }
  /** Servers of Kafka told a client of these. */
  | { readonly type: 'brokers'; readonly facts: ConnectionFacts; readonly brokers: readonly BrokerAddress[] }
  | { readonly type: 'records'; readonly records: PackedRecords }
  /** Its two descriptors are the main thread's now. */
  | { readonly type: 'released'; readonly connection: ReleasedConnection }
  /** `left`: connections that the worker still has. */
  | { readonly type: 'release-over'; readonly released: number; readonly left: number }
  | { readonly type: 'activity'; readonly activity: WorkerActivity };

export interface WorkerActivity {
  /** Open now. */
  readonly connections: number;
  /** Recorded since the start. */
  readonly requests: number;
  /** Connections that ended since the start, by cause. */
  readonly closed: Readonly<Partial<Record<CloseCause, number>>>;
}
