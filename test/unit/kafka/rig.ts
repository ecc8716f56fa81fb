/** The Kafka protocol between a client and a broker that are both the test: bytes in, bytes out, no sockets. */

import type { BrokerAddress } from '../../../proxy/kafka/brokers.ts';
import { kafka } from '../../../proxy/kafka/kafka.ts';
import type { ConnectionFacts, FlowRecord } from '../../../proxy/record.ts';
import type { CloseCause, Protocol, Relay, Side } from '../../../proxy/relay.ts';
import type { Address, EndpointId, IdentityId, Port } from '../../../src/identity/identity.ts';
import type { KafkaRule, KafkaRuleSet, L7RuleSet } from '../../../src/policy/resolved.ts';

export const facts: ConnectionFacts = {
  direction: 'ingress',
  endpoint: 1 as EndpointId,
  peer: 2 as IdentityId,
  client: { address: '10.0.0.1' as Address, port: 40_000 as Port },
  server: { address: '10.0.0.2' as Address, port: 9092 as Port },
};

let sets = 0;

export function rules(list: readonly Omit<KafkaRule, 'ref'>[], audit = false): KafkaRuleSet {
  const kafkaRules = list.map((rule, index) => ({
    ...rule,
    ref: { policy: 'test/kafka', rule: `rules.kafka[${index}]`, file: 'kafka.yaml', line: index + 1 },
  }));
  return { kind: 'kafka', id: ++sets, key: `test ${sets}`, audit, kafka: kafkaRules };
}

type Later = { readonly send: Uint8Array } | { count: number; readonly forward: boolean };

class MemorySide implements Side {
  ended = false;
  backlog = 0;
  finished = false;
  #bytes = Buffer.alloc(0);
  readonly #later: Later[] = [];
  readonly #out: Uint8Array[] = [];
  other: MemorySide = this;

  arrived(): Uint8Array {
    return this.pending > 0 ? new Uint8Array(0) : this.#bytes;
  }

  get pending(): number {
    let count = 0;
    for (const step of this.#later) if ('count' in step) count += step.count;
    return count;
  }

  arrive(bytes: Uint8Array): boolean {
    this.#become(Buffer.concat([this.#bytes, bytes]));
    this.#advance();
    return this.#bytes.length > 0;
  }

  forward(count: number): void {
    this.#later.push({ count, forward: true });
    this.#advance();
  }

  skip(count: number): void {
    this.#later.push({ count, forward: false });
    this.#advance();
  }

  tunnel(): void {
    throw new Error('Kafka never tunnels');
  }

  send(bytes: Uint8Array): void {
    // Leaves behind what the other side is still forwarding.
    this.other.#later.push({ send: bytes });
    this.other.#advance();
  }

  end(): void {
    this.finished = true;
  }

  pause(): void {}

  /** What was sent to this side's peer since the last call. */
  taken(): Buffer {
    return Buffer.concat(this.#out.splice(0));
  }

  /** Views of what had arrived end with the next call on the side: whoever kept one finds other bytes there. */
  #become(bytes: Buffer<ArrayBuffer>): void {
    this.#bytes.fill(0xee);
    this.#bytes = bytes;
  }

  #advance(): void {
    for (let step = this.#later[0]; step !== undefined; step = this.#later[0]) {
      if ('send' in step) {
        this.other.#out.push(step.send);
      } else {
        const count = Math.min(step.count, this.#bytes.length);
        if (step.forward && count > 0) this.other.#out.push(Buffer.from(this.#bytes.subarray(0, count)));
        this.#become(Buffer.from(this.#bytes.subarray(count)));
        step.count -= count;
        if (step.count > 0) return;
      }
      this.#later.shift();
    }
  }
}

export class Rig implements Relay {
  leaving = false;
  readonly downstream = new MemorySide();
  readonly upstream = new MemorySide();
  readonly flows: FlowRecord[] = [];
  readonly brokers: BrokerAddress[] = [];
  readonly protocol: Protocol;
  ruleSet: L7RuleSet;
  closed: { readonly how: 'graceful' | 'reset'; readonly cause: CloseCause } | undefined;
  timed: number | undefined;

  constructor(ruleSet: L7RuleSet) {
    this.ruleSet = ruleSet;
    this.downstream.other = this.upstream;
    this.upstream.other = this.downstream;
    this.protocol = kafka({
      facts,
      relay: this,
      recorder: { record: (flow) => void this.flows.push(flow) },
      onBrokers: (brokers) => void this.brokers.push(...brokers),
      ruleSet: () => this.ruleSet,
      now: () => 1_000_000,
    });
    this.protocol.onDownstream();
  }

  close(how: 'graceful' | 'reset', cause: CloseCause): void {
    if (this.closed !== undefined) return;
    this.closed = { how, cause };
    this.protocol.onClosed(cause);
  }

  timer(ms: number | undefined): void {
    this.timed = ms;
  }

  /** The client sends, in pieces of `chunk` bytes. */
  fromClient(bytes: Uint8Array, chunk = bytes.length): void {
    for (let at = 0; at < bytes.length && this.closed === undefined; at += chunk) {
      if (this.downstream.arrive(bytes.subarray(at, at + chunk))) this.protocol.onDownstream();
    }
  }

  fromBroker(bytes: Uint8Array, chunk = bytes.length): void {
    for (let at = 0; at < bytes.length && this.closed === undefined; at += chunk) {
      if (this.upstream.arrive(bytes.subarray(at, at + chunk))) this.protocol.onUpstream();
    }
  }

  clientEnds(): void {
    this.downstream.ended = true;
    this.protocol.onDownstream();
  }

  brokerEnds(): void {
    this.upstream.ended = true;
    this.protocol.onUpstream();
  }

  tick(): void {
    if (this.closed === undefined && this.timed !== undefined) this.protocol.onTimer();
  }

  /** What reached the client, respectively the broker, since the last call. */
  atClient(): Buffer {
    return this.downstream.taken();
  }

  atBroker(): Buffer {
    return this.upstream.taken();
  }
}
