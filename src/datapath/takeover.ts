/**
 * Taking over a live connection: the kernel held a segment, now the proxy goes on in its place.
 *
 *     held → both directions acknowledged → two sockets rebuilt in the proxy's namespace → diverted → a worker has them
 *
 * The order closes every gap: until the flow is diverted the tap drops its payload and tells it to us, and once it is
 * diverted what was dropped arrives in the proxy's namespace after all. What got lost on that way TCP sends again.
 */

import {
  type BpfMap,
  type BpfObject,
  type BpfProgram,
  buildTakeover,
  closeFd,
  NativeError,
  packetSocket,
  resetFd,
  sendFrame,
} from '../../native/index.ts';
import type { ConnectionFacts } from '../../proxy/record.ts';
import type { Direction, EndpointId, IdentityId } from '../identity/identity.ts';
import { limits } from '../limits.ts';
import { RecentTimes } from '../metrics/recent-times.ts';
import { command, doubt, flow_key, steered, stream_mode, takeover } from './abi.generated.ts';
import { readFlowKey } from './flow-key.ts';
import { bringUpToDate, type HeldFrame, heldFrame } from './held-frame.ts';
import { olderSnapshots, ServerSockets, waitsForRequest } from './older.ts';
import { peerAck } from './peer-ack.ts';
import type { ProxyNamespace } from './proxy-namespace.ts';
import { steeringOf } from './steering.ts';
import { readStream, type Stream, snapshots } from './stream.ts';
import { urgently } from './urgent.ts';

/** A connection whose two ends are sockets of this process now. */
export interface Taken {
  readonly facts: ConnectionFacts;
  readonly downstream: number;
  /** Absent: the server gets a new connection. */
  readonly upstream?: number;
}

/** `adopted`, `refused`: connections that are older than their rule. */
export type TakeoverOutcome = 'taken-over' | 'abandoned' | 'vanished' | 'failed' | 'adopted' | 'refused';

interface Pending {
  readonly key: Buffer;
  readonly generation: bigint;
  readonly deadline: number;
  /** What the kernel held, in the order in which it came. */
  readonly held: HeldFrame[];
  heldBytes: number;
  timer: NodeJS.Timeout | undefined;
}

export class Takeovers {
  readonly #streams: BpfMap;
  readonly #steer: BpfProgram;
  readonly #netns: Readonly<Record<Direction, number>>;
  readonly #namespaces: Readonly<Record<Direction, ProxyNamespace>>;
  readonly #deliver: (taken: Taken) => void;
  readonly #packets: number;
  #closed = false;
  readonly servers = new ServerSockets();
  readonly #pending = new Map<string, Pending>();
  /** By outcome, since the start. */
  readonly counts: Record<TakeoverOutcome, number> = {
    'taken-over': 0,
    abandoned: 0,
    vanished: 0,
    failed: 0,
    adopted: 0,
    refused: 0,
  };

  /** From a stream at which nothing is under way any more to its diverted flow: two sockets built, and the switch. */
  readonly times = new RecentTimes(limits.takeoverTimes);

  constructor(
    object: BpfObject,
    netns: Readonly<Record<Direction, number>>,
    namespaces: Readonly<Record<Direction, ProxyNamespace>>,
    mark: number,
    deliver: (taken: Taken) => void,
  ) {
    this.#streams = object.map('streams');
    this.#steer = object.program('steer');
    this.#netns = netns;
    this.#namespaces = namespaces;
    this.#packets = packetSocket(mark);
    this.#deliver = deliver;
  }

  /** Records of the ring `takeovers`: one a segment, and again with retransmissions; one attempt serves all of a connection. */
  read(records: readonly Buffer[]): void {
    if (this.#closed) return;
    const touched = new Map<string, Pending>();
    for (const record of records) {
      const key = Buffer.from(record.subarray(takeover.flow.offset, takeover.flow.offset + flow_key.size));
      const name = key.toString('latin1');
      const pending = this.#pendingOf(name, key, record.readBigUInt64LE(takeover.generation.offset));
      touched.set(name, pending);
      const held = heldFrame(record);
      if (held && pending.heldBytes + held.frame.length <= limits.takeoverHeldBytes) {
        pending.held.push(held);
        pending.heldBytes += held.frame.length;
      }
    }
    urgently(() => {
      for (const [name, pending] of touched) this.#attempt(name, pending);
    });
  }

  /** What is held stays so, for the next agent. */
  close(): void {
    this.#closed = true;
    for (const { timer } of this.#pending.values()) clearTimeout(timer);
    this.#pending.clear();
    closeFd(this.#packets);
  }

  #pendingOf(name: string, key: Buffer, generation: bigint): Pending {
    const known = this.#pending.get(name);
    if (known && known.generation === generation) return known;
    clearTimeout(known?.timer);
    const deadline = Date.now() + limits.takeoverWaitMs;
    const pending: Pending = { key, generation, deadline, held: [], heldBytes: 0, timer: undefined };
    this.#pending.set(name, pending);
    return pending;
  }

  #attempt(name: string, pending: Pending): void {
    const value = this.#streams.get(pending.key);
    const stream = value && readStream(value);
    if (stream?.mode === stream_mode.diverted && stream.generation === pending.generation) {
      // It was told before the flow was diverted, and is read after it.
      this.#forget(name, pending);
      this.#release(pending);
      return;
    }
    if (!stream || stream.mode !== stream_mode.held || stream.generation !== pending.generation) {
      this.#end(name, pending, 'vanished');
      return;
    }
    if (stream.doubt === doubt.older) {
      this.#adopt(name, pending, stream);
      return;
    }
    const late = Date.now() > pending.deadline;
    if (!late && !isSettled(stream)) {
      this.#attemptLater(name, pending);
      return;
    }
    this.#take(name, pending, stream, late || !canGoOn(stream));
  }

  #adopt(name: string, pending: Pending, stream: Stream): void {
    const { client, server, direction } = readFlowKey(pending.key, 0);
    if (!this.servers.mayLook()) {
      this.#forget(name, pending);
      return;
    }
    const info = this.servers.find({ client, server, direction, protocol: 6 });
    if (!info || !waitsForRequest(info)) {
      this.#command(pending, command.refuse);
      this.#end(name, pending, 'refused');
      return;
    }
    let sockets: { readonly downstream: number; readonly upstream: number };
    try {
      sockets = buildTakeover({ netns: this.#netns[direction], client, server, ...olderSnapshots(stream, info) });
    } catch (error) {
      if (!(error instanceof NativeError)) throw error;
      this.#command(pending, command.refuse);
      this.#end(name, pending, 'failed');
      return;
    }
    const diverted = this.#command(pending, command.divert) === steered.done;
    // The server may use the same ports anew as soon as it has this.
    resetFd(sockets.upstream);
    if (!diverted) {
      resetFd(sockets.downstream);
      this.#end(name, pending, 'vanished');
      return;
    }
    this.#end(name, pending, 'adopted');
    this.#release(pending);
    const facts = {
      direction,
      client,
      server,
      endpoint: stream.endpoint as EndpointId,
      peer: stream.peer as IdentityId,
    };
    this.#deliver({ facts, downstream: sockets.downstream });
  }

  #attemptLater(name: string, pending: Pending): void {
    clearTimeout(pending.timer);
    pending.timer = setTimeout(() => urgently(() => this.#attempt(name, pending)), limits.takeoverRetryMs);
  }

  /** @param abandon both ends get a reset instead of a proxy */
  #take(name: string, pending: Pending, stream: Stream, abandon: boolean): void {
    const begun = performance.now();
    const flow = readFlowKey(pending.key, 0);
    const { client, server, direction } = flow;
    const both = snapshots(stream);
    let sockets: { readonly downstream: number; readonly upstream: number };
    try {
      sockets = buildTakeover({ netns: this.#netns[direction], client, server, ...both });
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
    if (both.towardsClient.sndUnacked !== both.towardsClient.sndNext) this.#acknowledge(pending, stream, true);
    if (both.towardsServer.sndUnacked !== both.towardsServer.sndNext) this.#acknowledge(pending, stream, false);
    this.#release(pending);
    const endpoint = stream.endpoint as EndpointId;
    const facts = { direction, client, server, endpoint, peer: stream.peer as IdentityId };
    this.#deliver({ facts, ...sockets });
  }

  #acknowledge({ key }: Pending, stream: Stream, fromClient: boolean): void {
    const { ifindex, mac } = this.#namespaces[readFlowKey(key, 0).direction];
    sendFrame(this.#packets, ifindex, peerAck(key, stream, fromClient, mac));
  }

  /** What was held arrives at the sockets that there are now, each with its sender's last window: that of an ACK, it may be. */
  #release({ key, held }: Pending): void {
    const value = this.#streams.get(key);
    if (!value) return;
    const { client, server } = readStream(value);
    const { ifindex, mac } = this.#namespaces[readFlowKey(key, 0).direction];
    for (const { frame, fromClient } of held) {
      bringUpToDate(frame, mac, (fromClient ? client : server).window);
      sendFrame(this.#packets, ifindex, frame);
    }
  }

  #end(name: string, pending: Pending, outcome: TakeoverOutcome): void {
    this.#forget(name, pending);
    this.counts[outcome]++;
  }

  #forget(name: string, pending: Pending): void {
    clearTimeout(pending.timer);
    this.#pending.delete(name);
  }

  #command({ key, generation }: Pending, number: number): number {
    return this.#steer.testRun({ data: steeringOf(key, generation, number) }).retval;
  }
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
