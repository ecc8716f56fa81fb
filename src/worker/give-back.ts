/** Gives connections back to the kernel that were taken over from it: bpf/give_back.h is the other side. */

import { BpfMap, BpfProgram, NativeError, socketPosition } from '../../native/index.ts';
import type { Home, Offered, Origin, OriginOf } from '../../proxy/give-back.ts';
import type { ConnectionFacts } from '../../proxy/record.ts';
import { command, doubt, flow_key, steered, stream, stream_mode } from '../datapath/abi.generated.ts';
import { writeFlowKey } from '../datapath/flow-key.ts';
import { steeringOf } from '../datapath/steering.ts';
import { readStream } from '../datapath/stream.ts';

const tcp = 6;

export interface HomeMaps {
  /** Descriptor of the map of judged connections' streams, of any thread of this process. */
  readonly streamsFd: number;
  /** The kernel's number of the program `steer`. */
  readonly steerId: number;
}

export class KernelHome implements Home {
  readonly #steer: BpfProgram;
  readonly #streams: BpfMap;
  readonly #stream = Buffer.alloc(stream.size);

  constructor({ steerId, streamsFd }: HomeMaps) {
    this.#steer = BpfProgram.fromId(steerId);
    this.#streams = BpfMap.fromFd(streamsFd);
  }

  originOf(facts: ConnectionFacts): Origin | undefined {
    if (!this.#streams.getInto(keyOf(facts), this.#stream)) return undefined;
    const { mode, doubt: why, generation, returns } = readStream(this.#stream);
    // Nothing in the kernel could judge one that came for want of a table.
    return mode === stream_mode.diverted && why !== doubt.no_table ? { generation, returns } : undefined;
  }

  /**
   * Nothing of ours passes while we read where both sockets stand, so what they have acknowledged to either end is in
   * what we read; and what either end says after that cancels the offer.
   */
  offer(connection: OriginOf, downstream: number, upstream: number): Offered {
    switch (this.#command(connection, command.offer)) {
      case steered.done:
        break;
      case steered.wrong_mode:
        return 'not-now';
      default:
        return 'never';
    }
    const positions = read(downstream, upstream);
    if (typeof positions === 'string') {
      this.withdraw(connection);
      return positions;
    }
    switch (this.#command(connection, command.give_back, positions)) {
      case steered.done:
        return 'given';
      case steered.waits:
        return 'waits';
      case steered.clock:
        return 'never';
      default:
        return 'not-now';
    }
  }

  look(connection: OriginOf): 'given' | 'waits' | 'proxied' {
    if (!this.#streams.getInto(keyOf(connection.facts), this.#stream)) return 'given';
    if (this.#stream.readBigUInt64LE(stream.generation.offset) !== connection.generation) return 'given';
    switch (this.#stream.readUInt8(stream.mode.offset)) {
      case stream_mode.returning:
        return 'waits';
      case stream_mode.diverted:
      case stream_mode.offered:
        return 'proxied';
      default:
        return 'given';
    }
  }

  withdraw(connection: OriginOf): void {
    this.#command(connection, command.divert);
  }

  #command(connection: OriginOf, number: number, positions?: Positions): number {
    const data = steeringOf(keyOf(connection.facts), connection.generation, number, positions);
    return this.#steer.testRun({ data }).retval;
  }
}

interface Positions {
  readonly clientNext: number;
  readonly serverNext: number;
  readonly serverAcked: number;
}

function read(downstream: number, upstream: number): Positions | 'not-now' | 'never' {
  try {
    const [near, far] = [socketPosition(downstream), socketPosition(upstream)];
    // The server may have no request of which we know that the client believes it has arrived.
    if (near.unread > 0 || far.unread > 0 || far.sndUnacked !== far.sndNext) return 'not-now';
    if (near.sndNext !== far.rcvNext || near.rcvNext !== far.sndNext) return 'never';
    return { clientNext: far.sndNext, serverNext: near.sndNext, serverAcked: near.sndUnacked };
  } catch (error) {
    if (!(error instanceof NativeError)) throw error;
    return 'not-now';
  }
}

function keyOf(facts: ConnectionFacts): Buffer {
  const key = Buffer.alloc(flow_key.size);
  writeFlowKey({ direction: facts.direction, protocol: tcp, client: facts.client, server: facts.server }, key);
  return key;
}
