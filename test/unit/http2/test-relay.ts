/** A relay in memory: what arrives is said by the test, what leaves is kept for it, or goes to sockets. */

import type { Socket } from 'node:net';
import type { ProtocolFactory } from '../../../proxy/connection.ts';
import type { ConnectionFacts, FlowRecord } from '../../../proxy/record.ts';
import type { CloseCause, Protocol, Relay, Side } from '../../../proxy/relay.ts';
import type { Address, EndpointId, IdentityId, Port } from '../../../src/identity/identity.ts';
import { limits } from '../../../src/limits.ts';
import type { L7RuleSet } from '../../../src/policy/resolved.ts';

class TestSide implements Side {
  ended = false;
  pending = 0;
  /** What our own direction towards this side's peer got. */
  ending = false;
  paused = false;
  backlog = 0;
  readonly #arrived: Buffer[] = [];
  readonly #out: Buffer[] = [];
  readonly #other: () => TestSide;
  onOut: ((bytes: Buffer) => void) | undefined;
  onEnding: (() => void) | undefined;
  #skipping = false;

  constructor(other: () => TestSide) {
    this.#other = other;
  }

  arrived(): Buffer {
    if (this.#arrived.length === 1) return this.#arrived[0] ?? Buffer.alloc(0);
    const whole = Buffer.concat(this.#arrived);
    this.#arrived.splice(0, this.#arrived.length, whole);
    return whole;
  }

  /** @returns whether the protocol has something to look at. */
  deliver(bytes: Buffer): boolean {
    const part = Math.min(this.pending, bytes.length);
    if (part > 0) {
      this.pending -= part;
      if (!this.#skipping) this.#other().send(bytes.subarray(0, part));
    }
    if (part === bytes.length && part > 0) return false;
    this.#arrived.push(bytes.subarray(part));
    return true;
  }

  #take(count: number, skipping: boolean): void {
    const view = this.arrived();
    const part = Math.min(count, view.length);
    this.#arrived.splice(0, this.#arrived.length, view.subarray(part));
    this.pending = count - part;
    this.#skipping = skipping;
    if (!skipping && part > 0) this.#other().send(view.subarray(0, part));
  }

  forward(count: number): void {
    this.#take(count, false);
  }

  skip(count: number): void {
    this.#take(count, true);
  }

  tunnel(): void {
    this.#take(Number.MAX_SAFE_INTEGER, false);
  }

  send(bytes: Uint8Array): void {
    const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    if (this.onOut) this.onOut(view);
    else this.#out.push(Buffer.from(view));
  }

  /** What was sent to this side's peer since the last call. */
  takeSent(): Buffer {
    return Buffer.concat(this.#out.splice(0));
  }

  end(): void {
    this.ending = true;
    this.onEnding?.();
  }

  pause(paused: boolean): void {
    this.paused = paused;
  }
}

export const facts: ConnectionFacts = {
  direction: 'ingress',
  endpoint: 1 as EndpointId,
  peer: 2 as IdentityId,
  client: { address: '10.0.0.1' as Address, port: 40_000 as Port },
  server: { address: '10.0.0.2' as Address, port: 50_051 as Port },
};

export class TestRelay implements Relay {
  leaving = false;
  readonly downstream: TestSide = new TestSide(() => this.upstream);
  readonly upstream: TestSide = new TestSide(() => this.downstream);
  readonly flows: FlowRecord[];
  readonly protocol: Protocol;
  ruleSet: L7RuleSet;
  /** What the protocol's clock says, ms. */
  time = 1_000_000;
  closed: { how: 'graceful' | 'reset'; cause: CloseCause } | undefined;
  onClose: (() => void) | undefined;
  /** The clock stands still unless the test moves it; with sockets it runs. */
  readonly #now: () => number;

  constructor(factory: ProtocolFactory, ruleSet: L7RuleSet, now?: () => number, flows: FlowRecord[] = []) {
    this.flows = flows;
    this.ruleSet = ruleSet;
    this.#now = now ?? (() => this.time);
    this.protocol = factory({
      facts,
      relay: this,
      recorder: { record: (flow) => this.flows.push(flow) },
      ruleSet: () => this.ruleSet,
      now: this.#now,
    });
  }

  close(how: 'graceful' | 'reset', cause: CloseCause): void {
    if (this.closed) return;
    this.closed = { how, cause };
    this.onClose?.();
  }

  timer(): void {}

  /** The protocol's timer runs out. */
  tick(): void {
    if (!this.closed) this.protocol.onTimer();
  }

  fromClient(bytes: Uint8Array, chunk: number = bytes.length): void {
    for (let at = 0; at < bytes.length; at += chunk) {
      if (!this.closed && this.downstream.deliver(Buffer.from(bytes.subarray(at, at + chunk)))) {
        this.protocol.onDownstream();
      }
    }
  }

  fromServer(bytes: Uint8Array, chunk: number = bytes.length): void {
    for (let at = 0; at < bytes.length; at += chunk) {
      if (!this.closed && this.upstream.deliver(Buffer.from(bytes.subarray(at, at + chunk)))) {
        this.protocol.onUpstream();
      }
    }
  }

  clientEnds(): void {
    this.downstream.ended = true;
    if (!this.closed) this.protocol.onDownstream();
  }

  serverEnds(): void {
    this.upstream.ended = true;
    if (!this.closed) this.protocol.onUpstream();
  }
}

/** Runs a relay between two sockets. `chunk`: octets that the protocol sees at a time. */
export function joinSockets(relay: TestRelay, client: Socket, server: Socket, chunk: number): void {
  const ends = [
    { from: client, side: relay.downstream, to: server, deliver: (bytes: Buffer) => relay.fromClient(bytes, chunk) },
    { from: server, side: relay.upstream, to: client, deliver: (bytes: Buffer) => relay.fromServer(bytes, chunk) },
  ];
  const adjust = () => {
    for (const { from, side, to } of ends) {
      if (side.arrived().length >= limits.relayArrivalBytes || to.writableLength > limits.relayBacklogHighBytes) {
        from.pause();
      } else from.resume();
    }
  };
  for (const { from, side, deliver } of ends) {
    side.onOut = (bytes) => void (from.writable && from.write(Buffer.from(bytes)));
    side.onEnding = () => void from.end();
    Object.defineProperty(side, 'backlog', { get: () => from.writableLength });
    from.setNoDelay(true);
    from.on('error', () => relay.close('reset', side === relay.downstream ? 'client-reset' : 'server-reset'));
    from.on('data', (bytes: Buffer) => {
      deliver(bytes);
      adjust();
    });
    from.on('close', () => relay.close('reset', side === relay.downstream ? 'client-closed' : 'server-closed'));
    from.on('drain', () => {
      if (!relay.closed) relay.protocol.onDrain();
      adjust();
    });
    from.on('end', () => (side === relay.downstream ? relay.clientEnds() : relay.serverEnds()));
  }
  const timer = setInterval(() => relay.tick(), 100);
  relay.onClose = () => {
    clearInterval(timer);
    for (const { from } of ends) {
      if (relay.closed?.how === 'graceful') from.end();
      else from.destroy();
    }
    relay.protocol.onClosed(relay.closed?.cause ?? 'internal-error');
  };
  relay.protocol.onDownstream();
}
