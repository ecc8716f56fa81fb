/**
 * A relay in memory that keeps the contract of relay.ts to the letter: what is sent leaves in the order of the calls,
 * calls never nest, and what the contract forbids throws.
 */

import type { CloseCause, Protocol, Relay, Side } from '../../../proxy/relay.ts';
import { limits } from '../../../src/limits.ts';

type Later = { kind: 'forward' | 'skip'; count: number } | { kind: 'send'; bytes: Buffer } | { kind: 'tunnel' | 'end' };

class MemorySide implements Side {
  ended = false;
  paused = false;
  /** What our own direction towards this side's peer got, and whether it ended. */
  readonly got: Buffer[] = [];
  gotEnd = false;
  /** Of `got`: what the peer has not read. Nothing unless the test says that the peer is slow. */
  unread = 0;
  slow = false;
  /** The most that waited. */
  mostBacklog = 0;
  #arrived = Buffer.alloc(0);
  #missing = 0;
  #go = true;
  #later: Later[] = [];
  #tunnelled = false;
  #other: MemorySide = this;
  readonly #relay: MemoryRelay;

  constructor(relay: MemoryRelay) {
    this.#relay = relay;
  }

  join(other: MemorySide): void {
    this.#other = other;
  }

  get over(): boolean {
    return this.ended && this.#arrived.length === 0;
  }

  get pending(): number {
    return this.#later.reduce((sum, step) => ('count' in step ? sum + step.count : sum), this.#missing);
  }

  get backlog(): number {
    return this.unread;
  }

  arrived(): Uint8Array {
    return this.#arrived;
  }

  /** @returns whether the protocol is to be called */
  arrive(bytes: Buffer): boolean {
    const part = Math.min(this.#missing, bytes.length);
    this.#missing -= part;
    if (this.#go) this.#other.write(bytes.subarray(0, part));
    const left = bytes.subarray(part);
    if (this.#tunnelled) this.#other.write(left);
    else this.#arrived = Buffer.concat([this.#arrived, left]);
    while (this.#missing === 0) {
      const step = this.#later.shift();
      if (step === undefined) break;
      this.#apply(step);
    }
    return this.#arrived.length > 0;
  }

  arriveEnd(): void {
    this.ended = true;
    const ends = this.#later.some(({ kind }) => kind === 'end');
    this.#later = [];
    if (ends || this.#tunnelled) this.#other.gotEnd = true;
  }

  write(bytes: Buffer): void {
    if (bytes.length === 0) return;
    if (this.gotEnd) throw new Error('bytes after the end');
    this.got.push(Buffer.from(bytes));
    if (this.slow) this.unread += bytes.length;
    this.mostBacklog = Math.max(this.mostBacklog, this.unread);
  }

  forward(count: number): void {
    if (count < 0) throw new RangeError('negative');
    if (count > 0) this.#consume({ kind: 'forward', count });
  }

  skip(count: number): void {
    if (count < 0) throw new RangeError('negative');
    if (count > 0) this.#consume({ kind: 'skip', count });
  }

  tunnel(): void {
    this.#consume({ kind: 'tunnel' });
  }

  send(bytes: Uint8Array): void {
    this.#other.#answer({ kind: 'send', bytes: Buffer.from(bytes) });
  }

  end(): void {
    if (!this.gotEnd) this.#other.#answer({ kind: 'end' });
  }

  pause(paused: boolean): void {
    this.paused = paused;
  }

  #consume(step: Later): void {
    if (this.#relay.closed) return;
    if (this.#tunnelled || this.#later.some(({ kind }) => kind === 'tunnel')) throw new Error('tunnelled already');
    if (this.#missing > 0 && !this.ended) this.#later.push(step);
    else this.#apply(step);
  }

  #answer(step: Later): void {
    if (this.#relay.closed) return;
    if (this.#tunnelled || this.#other.gotEnd) throw new Error('nothing can follow a tunnel or an end');
    if (this.#missing > 0 && !this.ended && (this.#go || this.#later.length > 0)) this.#later.push(step);
    else this.#apply(step);
  }

  #apply(step: Later): void {
    switch (step.kind) {
      case 'forward':
      case 'skip': {
        const part = this.#arrived.subarray(0, step.count);
        this.#arrived = this.#arrived.subarray(part.length);
        this.#go = step.kind === 'forward';
        if (this.#go) this.#other.write(part);
        this.#missing = step.count - part.length;
        break;
      }
      case 'send':
        this.#other.write(step.bytes);
        break;
      case 'tunnel':
        this.#tunnelled = true;
        this.#other.write(this.#arrived);
        this.#arrived = Buffer.alloc(0);
        if (this.ended) this.#other.gotEnd = true;
        break;
      case 'end':
        this.#other.gotEnd = true;
        break;
    }
  }
}

export class MemoryRelay implements Relay {
  leaving = false;
  readonly downstream = new MemorySide(this);
  readonly upstream = new MemorySide(this);
  closed: { how: 'graceful' | 'reset'; cause: CloseCause } | undefined;
  timerMs: number | undefined;
  readonly #protocol: Protocol;

  constructor(protocol: (relay: Relay) => Protocol) {
    this.downstream.join(this.upstream);
    this.upstream.join(this.downstream);
    this.#protocol = protocol(this);
    this.#call(() => this.#protocol.onDownstream());
    this.#call(() => this.#protocol.onUpstream());
  }

  close(how: 'graceful' | 'reset', cause: CloseCause): void {
    this.closed ??= { how, cause };
  }

  timer(ms: number | undefined): void {
    this.timerMs = ms;
  }

  /** As a relay does, what exceeds the arrival limit waits with the sender. */
  fromClient(bytes: Buffer): void {
    if (this.downstream.arrive(bytes)) this.#call(() => this.#protocol.onDownstream());
  }

  fromServer(bytes: Buffer): void {
    if (this.upstream.arrive(bytes)) this.#call(() => this.#protocol.onUpstream());
  }

  clientEnds(): void {
    this.downstream.arriveEnd();
    this.#call(() => this.#protocol.onDownstream());
  }

  serverEnds(): void {
    this.upstream.arriveEnd();
    this.#call(() => this.#protocol.onUpstream());
  }

  /** A slow client reads everything that waits. */
  clientReads(): void {
    const wasHigh = this.downstream.unread > limits.relayBacklogHighBytes;
    this.downstream.unread = 0;
    if (wasHigh) this.#call(() => this.#protocol.onDrain());
  }

  timeOut(): void {
    this.#call(() => this.#protocol.onTimer());
  }

  policyChanges(): void {
    this.#call(() => this.#protocol.onPolicy());
  }

  stop(): void {
    this.#call(() => this.#protocol.onStop());
  }

  #call(what: () => void): void {
    if (this.closed) return;
    what();
    if (!this.closed && this.downstream.over && this.upstream.over)
      this.closed = { how: 'graceful', cause: 'client-closed' };
    if (this.closed) this.#protocol.onClosed((this.closed as { cause: CloseCause }).cause);
  }
}
