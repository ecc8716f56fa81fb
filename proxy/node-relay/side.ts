/** One side of a relay: what arrived from its peer, what the protocol decided about it, and what leaves towards it. */

import { limits } from '../../src/limits.ts';
import type { Side } from '../relay.ts';
import { Arrivals } from './arrivals.ts';
import type { Block } from './blocks.ts';
import { Outbox } from './outbox.ts';
import type { Receiver, RelaySocket } from './socket.ts';

/** What a side tells its relay. */
export interface Turns {
  readonly closing: boolean;
  readonly leaving: boolean;
  /** Everything between `enter` and the outermost `leave` is one turn: written, and told to the protocol, at its end. */
  enter(): void;
  leave(): void;
  onArrival(side: NodeSide): void;
  /** Bytes arrived, or the kernel took some that waited. */
  onMoved(): void;
  onDrained(): void;
  onReset(side: NodeSide): void;
  onGone(side: NodeSide): void;
}

/** Said while an earlier `forward` or `skip` still waits for bytes; done in order after it. */
type Later =
  | { readonly kind: 'forward' | 'skip'; count: number }
  | { readonly kind: 'send'; readonly bytes: Buffer }
  | { readonly kind: 'tunnel' }
  | { readonly kind: 'end' };

export class NodeSide implements Side, Receiver {
  readonly out: Outbox;
  readonly #socket: RelaySocket;
  readonly #turns: Turns;
  readonly #arrivals = new Arrivals();
  #other: NodeSide;
  #ended = false;
  #gone = false;
  /** Bytes of the `forward` or `skip` under way that have not arrived. */
  #missing = 0;
  #missingGo = true;
  #later: Later[] = [];
  #laterBytes = 0;
  #tunnelling = false;
  #paused = false;
  #reading = false;
  /** The backlog was above the high-water mark, and the protocol has not heard that it is below the low one. */
  #high = false;
  /** Too much waits in the outbox to read the other side. What waits for the other side's own bytes must not stop them. */
  #full = false;

  constructor(socket: RelaySocket, turns: Turns) {
    this.#socket = socket;
    this.#turns = turns;
    this.#other = this;
    this.out = new Outbox(socket, () => this.#onProgress());
  }

  join(other: NodeSide): void {
    this.#other = other;
    this.#ended = this.#socket.socket.readableEnded;
    this.#gone = this.#socket.socket.closed;
    this.#socket.receive(this);
  }

  /** What arrived for another owner of the connection. Before the protocol's first call. */
  arrivedBefore(bytes: Buffer): void {
    this.#arrivals.append(undefined, bytes, 0, bytes.length);
  }

  // What the protocol calls.

  arrived(): Uint8Array {
    return this.#arrivals.view();
  }

  get ended(): boolean {
    return this.#ended;
  }

  get pending(): number {
    let count = this.#missing;
    for (const step of this.#later) if ('count' in step) count += step.count;
    return count;
  }

  get backlog(): number {
    return this.out.backlog + this.#other.#laterBytes;
  }

  forward(count: number): void {
    this.#pass(count, true);
  }

  skip(count: number): void {
    this.#pass(count, false);
  }

  tunnel(): void {
    this.#decide({ kind: 'tunnel' });
  }

  send(bytes: Uint8Array): void {
    const buffer = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#other.#decide({ kind: 'send', bytes: buffer });
  }

  end(): void {
    if (!this.out.ending) this.#other.#decide({ kind: 'end' });
  }

  pause(paused: boolean): void {
    this.#turns.enter();
    this.#paused = paused;
    this.#turns.leave();
  }

  // What the socket calls.

  onBytes(block: Block, start: number, end: number): void {
    this.#turns.enter();
    if (!this.#turns.closing) {
      this.#turns.onMoved();
      this.#arrive(block, start, end);
    }
    this.#turns.leave();
  }

  onEnd(): void {
    this.#turns.enter();
    this.#ended = true;
    if (!this.#turns.closing) this.#arriveEnd();
    this.#turns.leave();
  }

  onError(): void {
    this.#turns.onReset(this);
  }

  onClose(): void {
    this.#gone = true;
    this.#arrivals.drop();
    this.out.drop();
    this.#turns.onGone(this);
  }

  // What the relay calls.

  get gone(): boolean {
    return this.#gone;
  }

  /** Its peer has ended and all of it is consumed. */
  get over(): boolean {
    return this.#ended && this.#arrivals.length === 0;
  }

  /** All that was decided is done, and it is not at its end. */
  get settled(): boolean {
    const decided = this.#missing > 0 || this.#later.length > 0;
    return !decided && !this.#ended && !this.#gone && this.out.idle;
  }

  /** Nothing is held here, either. */
  get idle(): boolean {
    return this.settled && this.#arrivals.length === 0;
  }

  get fd(): number {
    return this.#socket.fd;
  }

  /** Closes; the peer hears nothing if the connection has another descriptor. */
  letGo(): void {
    this.#gone = true;
    this.#socket.letGo();
  }

  /** Closes, and the peer hears nothing. */
  vanish(): void {
    if (this.#gone) return;
    this.#gone = true;
    this.#socket.vanish();
  }

  /** The end of a turn: writes, and keeps what is left. */
  settle(): void {
    if (this.#gone) return;
    // A protocol may have stopped at what waited in the middle of a turn, though the kernel took it all at the end.
    if (this.backlog > limits.relayBacklogHighBytes) this.#high = true;
    this.out.flush();
    this.#arrivals.settle();
    const backlog = this.out.backlog;
    if (backlog > limits.relayBacklogHighBytes) this.#full = true;
    else if (backlog < limits.relayBacklogLowBytes) this.#full = false;
    if (!this.#high || this.backlog >= limits.relayBacklogLowBytes) return;
    this.#high = false;
    this.#turns.onDrained();
  }

  /** Reads on or not: after both sides have settled, because one's backlog stops the other. */
  settleReading(): void {
    if (this.#gone) return;
    const reading = this.#turns.closing || this.#mayRead();
    if (reading === this.#reading) return;
    this.#reading = reading;
    if (reading) this.#socket.socket.resume();
    else this.#socket.socket.pause();
  }

  /** Delivers what was sent, then FIN; what still arrives goes nowhere, but it is read, for unread bytes turn a close into an RST. */
  finish(): void {
    this.#later = [];
    this.#laterBytes = 0;
    this.#arrivals.drop();
    this.out.end();
  }

  reset(): void {
    this.#socket.reset();
  }

  #mayRead(): boolean {
    const { out } = this.#other;
    // A connection that leaves keeps nothing in hand that could wait in the kernel.
    const full = this.#turns.leaving ? !out.idle && !out.ending : this.#other.#full;
    return !this.#paused && !full && this.#arrivals.length < limits.relayArrivalBytes;
  }

  #onProgress(): void {
    this.#turns.enter();
    this.#turns.onMoved();
    this.#turns.leave();
  }

  #decide(step: Later): void {
    if (this.#turns.closing) return;
    this.#turns.enter();
    try {
      if (step.kind === 'send' || step.kind === 'end') this.#answer(step);
      else this.#consume(step);
    } finally {
      this.#turns.leave();
    }
  }

  #pass(count: number, go: boolean): void {
    if (!Number.isSafeInteger(count) || count < 0) throw new RangeError(`cannot pass ${count} bytes`);
    if (count > 0) this.#decide({ kind: go ? 'forward' : 'skip', count });
  }

  #arrive(block: Block, start: number, end: number): void {
    let from = start;
    while (this.#missing > 0 && from < end) {
      const count = Math.min(this.#missing, end - from);
      this.#missing -= count;
      if (this.#missingGo) this.#other.out.add(block, block.bytes, from, from + count);
      from += count;
      // What comes next may already be decided: then it must find these bytes as it would any others.
      if (this.#missing === 0 && this.#later.length > 0) {
        this.#arrivals.append(block, block.bytes, from, end);
        this.#resume();
        if (this.#arrivals.length > 0) this.#turns.onArrival(this);
        return;
      }
    }
    if (from === end) return;
    if (this.#tunnelling) {
      this.#other.out.add(block, block.bytes, from, end);
    } else {
      this.#arrivals.append(block, block.bytes, from, end);
      this.#turns.onArrival(this);
    }
  }

  #arriveEnd(): void {
    // What waited for bytes that cannot come must not be taken for them; an end may pass.
    const ends = this.#later.some((step) => step.kind === 'end');
    this.#later = [];
    this.#laterBytes = 0;
    if (ends || this.#tunnelling) this.#other.out.end();
    this.#turns.onArrival(this);
  }

  /** `forward`, `skip` and `tunnel`, in the order of the calls. */
  #consume(step: Later): void {
    if (this.#tunnelling || this.#later.some(({ kind }) => kind === 'tunnel')) {
      throw new Error('this side is tunnelled: everything on it is decided');
    }
    if (this.#missing > 0 && !this.#ended) this.#later.push(step);
    else this.#apply(step);
  }

  /** What is sent to the other side, after whatever this one is still forwarding to it. */
  #answer(step: Later): void {
    if (this.#tunnelling || this.#other.out.ending) throw new Error('nothing can follow a tunnel or an end');
    const behind = this.#missing > 0 && !this.#ended && (this.#missingGo || this.#later.length > 0);
    if (!behind) {
      this.#apply(step);
      return;
    }
    if (step.kind === 'send') this.#laterBytes += step.bytes.length;
    this.#later.push(step);
  }

  #resume(): void {
    while (this.#missing === 0) {
      const step = this.#later.shift();
      if (step === undefined) return;
      if (step.kind === 'send') this.#laterBytes -= step.bytes.length;
      this.#apply(step);
    }
  }

  #apply(step: Later): void {
    const target = this.#other.out;
    switch (step.kind) {
      case 'forward':
      case 'skip': {
        const go = step.kind === 'forward';
        this.#missing = step.count - this.#arrivals.take(step.count, go ? target : undefined);
        this.#missingGo = go;
        break;
      }
      case 'send':
        target.add(undefined, step.bytes, 0, step.bytes.length);
        break;
      case 'tunnel':
        this.#tunnelling = true;
        this.#arrivals.take(this.#arrivals.length, target);
        if (this.#ended) target.end();
        break;
      case 'end':
        target.end();
        break;
    }
  }
}
