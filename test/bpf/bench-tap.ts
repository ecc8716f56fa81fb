/** The tap's programs in a kernel of their own maps, run packet by packet; nothing is attached to any interface. */

import { randomBytes, randomInt } from 'node:crypto';
import { BpfMap, type BpfProgram, openObject, type TestRun } from '../../native/index.ts';
import { reason, settings } from '../../src/datapath/abi.generated.ts';
import { forget } from '../../src/datapath/expiry.ts';
import { KernelMaps, u32 } from '../../src/datapath/kernel-maps.ts';
import type { EndpointId, Identity, IdentityId, Prefix } from '../../src/identity/identity.ts';
import { encodeTable, type JudgeTable, TABLE_CELLS } from '../../src/judge/table.ts';
import { limits } from '../../src/limits.ts';
import type { DirectionPolicy, PortRange, ResolvedPolicy } from '../../src/policy/resolved.ts';

/** What became of a packet. */
export interface Outcome {
  readonly action: 'pass' | 'drop' | 'redirect';
  /** Counted reasons, in the metric's words. */
  readonly reasons: readonly string[];
  readonly frame: Buffer;
}

export const ids = {
  endpoint: 7 as EndpointId,
  self: 300 as IdentityId,
  peer: 301 as IdentityId,
  world: 2 as IdentityId,
} as const;
export const addresses = {
  self: '10.0.0.2',
  peer: '10.0.0.3',
  world: '192.0.2.1',
  self6: 'fd00::2',
  peer6: 'fd00::3',
} as const;
export const open: DirectionPolicy = { enforced: false, audit: false, peers: new Map() };

export function enforced(...peers: readonly (readonly [IdentityId, readonly PortRange[]])[]): DirectionPolicy {
  return { enforced: true, audit: false, peers: new Map(peers) };
}

/** BPF_PROG_TEST_RUN takes its packets from the loopback device unless the context names another. */
export const loopback = 1;
const hashKey = randomBytes(settings.hash_key.size);
const context = { size: 192, mark: 8, ifindex: 40 } as const; // struct __sk_buff, linux/bpf.h

export class TapBench implements Disposable {
  readonly maps: KernelMaps;
  readonly mark = randomInt(1, 2 ** 32);
  readonly #object = openObject(new URL('../../build/sluice.bpf.o', import.meta.url).pathname);
  readonly #programs = new Map<string, BpfProgram>();
  #revision = 1;
  #judge = false;

  constructor(
    ingress: DirectionPolicy,
    egress: DirectionPolicy,
    options: { readonly maxConnections?: number; readonly maxStreams?: number } = {},
  ) {
    this.#object.setRodata('proxy_ifindex', Buffer.concat([u32(loopback), u32(loopback)]));
    this.#object.setRodata('proxy_mac', Buffer.from('0a0a0a0a0a0a0b0b0b0b0b0b', 'hex'));
    if (options.maxConnections) this.#object.setMaxEntries('connections', options.maxConnections);
    if (options.maxStreams) this.#object.setMaxEntries('streams', options.maxStreams);
    this.#object.load();
    this.maps = new KernelMaps(this.#object);
    this.maps.putEndpoint({
      endpoint: ids.endpoint,
      identity: ids.self,
      interfaceName: 'lo',
      ifindex: loopback,
      checkSource: true,
      addresses: [],
    });
    this.apply(ingress, egress);
  }

  apply(ingress: DirectionPolicy, egress: DirectionPolicy): void {
    const resolved = this.#resolved(ingress, egress);
    this.maps.putIdentities(resolved)();
    for (const policy of resolved.endpoints) this.maps.putPolicy(policy, () => 1);
    this.#revision++;
    this.#writeSettings();
  }

  switchJudge(on: boolean): void {
    this.#judge = on;
    this.#writeSettings();
  }

  #writeSettings(): void {
    this.maps.writeSettings({
      revision: this.#revision,
      workers: 1,
      mark: this.mark,
      judge: this.#judge,
      hashKey,
    });
  }

  /** The table by which the kernel judges requests under a rule set; none: it has no table. */
  putTable(ruleSet: number, table?: JudgeTable): void {
    for (const [index, size] of (['small', 'medium', 'large'] as const).entries()) {
      const outer = this.#object.map(`judges_${size}`);
      if (!table || table.cells.length !== TABLE_CELLS[index]) {
        outer.delete(u32(ruleSet));
        continue;
      }
      const value = encodeTable(table);
      using inner = BpfMap.create({ type: 'array', name: 'judge', keySize: 4, valueSize: value.length, maxEntries: 1 });
      inner.put(u32(0), value);
      outer.putMap(u32(ruleSet), inner);
    }
  }

  map(name: string): BpfMap {
    return this.#object.map(name);
  }

  /** @returns enum steered */
  steer(data: Buffer): number {
    return this.#program('steer').testRun({ data }).retval;
  }

  fromEndpoint(frame: Buffer, mark = 0): Outcome {
    return this.#run('tap_from_endpoint', frame, mark);
  }

  toEndpoint(frame: Buffer, mark = 0): Outcome {
    return this.#run('tap_to_endpoint', frame, mark);
  }

  fromProxy(direction: 'egress' | 'ingress', frame: Buffer): Outcome {
    return this.#run(`reinject_${direction}`, frame, 0);
  }

  get expiry(): BpfProgram {
    return this.#program('expire');
  }

  /** @returns how many connections were forgotten */
  expire(): number {
    let forgotten = 0;
    for (const keys of this.map('connections').keySlices(limits.expireSlice)) forgotten += forget(this.expiry, keys);
    return forgotten;
  }

  [Symbol.dispose](): void {
    this.#object.close();
  }

  /** As the other two, but without a look at the counters, which takes ten times as long. @returns whether it passes */
  play(fromEndpoint: boolean, frame: Buffer): boolean {
    return this.#testRun(fromEndpoint ? 'tap_from_endpoint' : 'tap_to_endpoint', frame, 0).retval === 0;
  }

  /** @returns nanoseconds of one run @throws {Error} when the packet does not pass */
  time(fromEndpoint: boolean, frame: Buffer): number {
    const run = this.#testRun(fromEndpoint ? 'tap_from_endpoint' : 'tap_to_endpoint', frame, 0);
    if (run.retval !== 0) throw new Error(`the packet is answered with ${run.retval}`);
    return run.durationNs;
  }

  /** Each time that the object is asked it gives a new descriptor. */
  #program(name: string): BpfProgram {
    const known = this.#programs.get(name) ?? this.#object.program(name);
    this.#programs.set(name, known);
    return known;
  }

  #testRun(program: string, data: Buffer, mark: number): TestRun {
    const ctx = Buffer.alloc(context.size);
    ctx.writeUInt32LE(mark, context.mark);
    ctx.writeUInt32LE(loopback, context.ifindex);
    return this.#program(program).testRun({ data, ctx });
  }

  #run(program: string, frame: Buffer, mark: number): Outcome {
    const before = this.#packets();
    const { retval, dataOut } = this.#testRun(program, frame, mark);
    const after = this.#packets();
    const reasons = [...after].filter(([name, count]) => count !== before.get(name)).map(([name]) => name);
    const action = retval === 0 ? 'pass' : retval === 2 ? 'drop' : retval === 7 ? 'redirect' : undefined;
    if (!action) throw new Error(`${program} returned ${retval}`);
    return { action, reasons, frame: Buffer.from(dataOut) };
  }

  #packets(): ReadonlyMap<string, number> {
    const counts = new Map<string, number>();
    for (const { reason: name, packets } of this.maps.packetCounts())
      counts.set(name, (counts.get(name) ?? 0) + packets);
    if (counts.size !== reason.count) throw new Error('a reason has no counter');
    return counts;
  }

  #resolved(ingress: DirectionPolicy, egress: DirectionPolicy): ResolvedPolicy {
    const prefix = (address: string, length: number): Prefix => ({ address: address as Prefix['address'], length });
    return {
      revision: 1,
      identities: [] satisfies Identity[],
      prefixes: [
        { prefix: prefix('0.0.0.0', 0), identity: ids.world },
        { prefix: prefix('::', 0), identity: ids.world },
        { prefix: prefix(addresses.self, 32), identity: ids.self },
        { prefix: prefix(addresses.self6, 128), identity: ids.self },
        { prefix: prefix(addresses.peer, 32), identity: ids.peer },
        { prefix: prefix(addresses.peer6, 128), identity: ids.peer },
      ],
      endpoints: [{ endpoint: ids.endpoint, ingress, egress }],
    };
  }
}
