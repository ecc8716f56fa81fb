/**
 * Taking over a live connection: the kernel held a segment, now the proxy goes on in its place.
 *
 *     held → both directions acknowledged → two sockets rebuilt in the proxy's namespace → diverted → a worker has them
 *
 * The order closes every gap: until the flow is diverted its payload is dropped, and what was dropped TCP sends again.
 */

import {
  type BpfMap,
  type BpfObject,
  type BpfProgram,
  buildTakeover,
  NativeError,
  resetFd,
} from '../../native/index.ts';
import type { ConnectionFacts } from '../../proxy/record.ts';
import type { Direction, EndpointId, IdentityId } from '../identity/identity.ts';
import { limits } from '../limits.ts';
import { RecentTimes } from '../metrics/recent-times.ts';
import { command, doubt, flow_key, steered, stream_mode, takeover } from './abi.generated.ts';
import { readFlowKey } from './flow-key.ts';
import { steeringOf } from './steering.ts';
import { readStream, type Stream, snapshots } from './stream.ts';

/** A connection whose two ends are sockets of this process now. */
export interface Taken {
  readonly facts: ConnectionFacts;
  readonly downstream: number;
  readonly upstream: number;
}

export type TakeoverOutcome = 'taken-over' | 'abandoned' | 'vanished' | 'failed';

interface Pending {
  readonly key: Buffer;
  readonly generation: bigint;
  readonly deadline: number;
  /** What the client sent and the kernel held; empty where the client sends it again by itself. */
  readonly held: Buffer;
  timer: NodeJS.Timeout | undefined;
}

export class Takeovers {
  readonly #streams: BpfMap;
  readonly #steer: BpfProgram;
  readonly #netns: Readonly<Record<Direction, number>>;
  readonly #deliver: (taken: Taken) => void;
  readonly #pending = new Map<string, Pending>();
  /** By outcome, since the start. */
  readonly counts: Record<TakeoverOutcome, number> = { 'taken-over': 0, abandoned: 0, vanished: 0, failed: 0 };

  /** From a stream at which nothing is under way any more to its diverted flow: two sockets built, and the switch. */
  readonly times = new RecentTimes(limits.takeoverTimes);

  constructor(object: BpfObject, netns: Readonly<Record<Direction, number>>, deliver: (taken: Taken) => void) {
    this.#streams = object.map('streams');
    this.#steer = object.program('steer');
    this.#netns = netns;
    this.#deliver = deliver;
  }

  /** Records of the ring `takeovers`. The same one comes with every retransmission; one attempt serves them all. */
  read(records: readonly Buffer[]): void {
    for (const record of records) {
      const key = Buffer.from(record.subarray(takeover.flow.offset, takeover.flow.offset + flow_key.size));
      const name = key.toString('latin1');
      const known = this.#pending.get(name);
      const generation = record.readBigUInt64LE(takeover.generation.offset);
      if (known && known.generation === generation) {
        this.#attempt(name, known);
        continue;
      }
      const deadline = Date.now() + limits.takeoverWaitMs;
      const pending: Pending = { key, generation, deadline, held: heldPayload(record), timer: undefined };
      this.#pending.set(name, pending);
      this.#attempt(name, pending);
    }
  }

  close(): void {
    for (const { timer } of this.#pending.values()) clearTimeout(timer);
    this.#pending.clear();
  }

  #attempt(name: string, pending: Pending): void {
    const value = this.#streams.get(pending.key);
    const stream = value && readStream(value);
    if (!stream || stream.mode !== stream_mode.held || stream.generation !== pending.generation) {
      this.#end(name, pending, 'vanished');
      return;
    }
    const late = Date.now() > pending.deadline;
    if (!late && !isSettled(stream)) {
      this.#attemptLater(name, pending);
      return;
    }
    this.#take(name, pending, stream, late || !canGoOn(stream));
  }

  #attemptLater(name: string, pending: Pending): void {
    clearTimeout(pending.timer);
    pending.timer = setTimeout(() => this.#attempt(name, pending), limits.takeoverRetryMs);
  }

  /** @param abandon both ends get a reset instead of a proxy */
  #take(name: string, pending: Pending, stream: Stream, abandon: boolean): void {
    const begun = performance.now();
    const flow = readFlowKey(pending.key, 0);
    const { client, server, direction } = flow;
    let sockets: { readonly downstream: number; readonly upstream: number };
    try {
      sockets = buildTakeover({ netns: this.#netns[direction], client, server, ...snapshots(stream, pending.held) });
    } catch (error) {
      if (!(error instanceof NativeError)) throw error;
      // The sockets of a connection that has just gone back to the kernel are about to close.
      if (error.errnoName === 'EADDRNOTAVAIL' && Date.now() < pending.deadline) this.#attemptLater(name, pending);
      else this.#end(name, pending, 'failed');
      return;
    }
    const diverted = this.#command(pending, command.divert) === steered.done;
    if (!diverted || abandon) {
      resetFd(sockets.downstream);
      resetFd(sockets.upstream);
      this.#end(name, pending, diverted ? 'abandoned' : 'vanished');
      return;
    }
    this.times.add(performance.now() - begun);
    this.#end(name, pending, 'taken-over');
    const endpoint = stream.endpoint as EndpointId;
    const facts = { direction, client, server, endpoint, peer: stream.peer as IdentityId };
    this.#deliver({ facts, ...sockets });
  }

  #end(name: string, pending: Pending, outcome: TakeoverOutcome): void {
    clearTimeout(pending.timer);
    this.#pending.delete(name);
    this.counts[outcome]++;
  }

  #command({ key, generation }: Pending, number: number): number {
    return this.#steer.testRun({ data: steeringOf(key, generation, number) }).retval;
  }
}

function heldPayload(record: Buffer): Buffer {
  const length = record.readUInt8(takeover.held.offset) === 0 ? 0 : record.readUInt32LE(takeover.length.offset);
  return Buffer.from(record.subarray(takeover.payload.offset, takeover.payload.offset + length));
}

/** Nothing is under way in either direction, and the request before has begun to be answered. */
function isSettled({ client, server, waiting, bodyLeft }: Stream): boolean {
  const settled = (side: Stream['client']): boolean => side.acked === (side.next + side.fin) >>> 0;
  return settled(client) && settled(server) && !waiting && bodyLeft === 0n;
}

/** A client that sends requests before their answers, or ends, leaves no point at which another could go on for it. */
function canGoOn({ client, server, doubt: why }: Stream): boolean {
  return client.fin === 0 && server.fin === 0 && why !== doubt.more && why !== doubt.urgent;
}
