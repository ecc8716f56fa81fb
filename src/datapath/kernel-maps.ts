/** What the agent writes into the kernel's maps, and reads from them; each map by the struct that bpf/abi.h gives it. */

import { BpfMap, type BpfObject } from '../../native/index.ts';
import type { Direction, EndpointId } from '../identity/identity.ts';
import type { EndpointPolicy, ResolvedPolicy, RuleRef } from '../policy/resolved.ts';
import {
  bound,
  counter,
  endpoint,
  loss,
  policy_entry,
  policy_key,
  prefix_key,
  reason,
  settings,
} from './abi.generated.ts';
import { mappedLength, writeAddress } from './address-bytes.ts';
import { isDenial, reasonName } from './event-reader.ts';
import { policyEntries } from './policy-entries.ts';
import type { Tap } from './tap.ts';

export interface Settings {
  readonly revision: number;
  readonly workers: number;
  readonly mark: number;
  /** Requests are judged in the kernel where their rule set has a table. */
  readonly judge: boolean;
  /** Random; of the hashes of judged heads. */
  readonly hashKey: Uint8Array;
}

export interface PacketCount {
  readonly reason: string;
  readonly denied: boolean;
  readonly direction: Direction;
  readonly packets: number;
  readonly bytes: number;
}

const noPrealloc = 1; // BPF_F_NO_PREALLOC, which a longest-prefix map must have

export class KernelMaps {
  readonly connections: BpfMap;
  readonly endpoints: BpfMap;
  readonly streams: BpfMap;
  readonly ruleCounters: BpfMap;
  readonly events: BpfMap;
  readonly listeners: BpfMap;
  readonly settings: BpfMap;
  readonly counters: BpfMap;
  readonly #identities: BpfMap;
  readonly #policies: BpfMap;
  readonly #lostEvents: BpfMap;

  constructor(object: BpfObject) {
    this.connections = object.map('connections');
    this.streams = object.map('streams');
    this.ruleCounters = object.map('rule_counters');
    this.events = object.map('events');
    this.listeners = object.map('listeners');
    this.settings = object.map('settings');
    this.counters = object.map('counters');
    this.endpoints = object.map('endpoints');
    this.#identities = object.map('identities');
    this.#policies = object.map('policies');
    this.#lostEvents = object.map('lost_events');
  }

  writeSettings({ revision, workers, mark, judge, hashKey }: Settings): void {
    const value = Buffer.alloc(settings.size);
    value.writeUInt32LE(revision, settings.revision.offset);
    value.writeUInt32LE(workers, settings.workers.offset);
    value.writeUInt32LE(mark, settings.mark.offset);
    value.writeUInt32LE(judge ? 1 : 0, settings.judge.offset);
    value.set(hashKey, settings.hash_key.offset);
    this.settings.put(u32(0), value);
  }

  /** Adds what is new or changed and returns what is to be deleted once the new policy is in force. */
  putIdentities(resolved: ResolvedPolicy): () => void {
    const wanted = new Map<string, readonly [key: Buffer, value: Buffer]>();
    for (const { prefix, identity } of resolved.prefixes) {
      const key = Buffer.alloc(prefix_key.size);
      key.writeUInt32LE(mappedLength(prefix), prefix_key.prefixlen.offset);
      writeAddress(prefix.address, key, prefix_key.address.offset);
      wanted.set(key.toString('latin1'), [key, u32(identity)]);
    }
    const stale: Buffer[] = [];
    for (const [key] of this.#identities.entries()) if (!wanted.has(key.toString('latin1'))) stale.push(key);
    this.#identities.putBatch(wanted.values());
    return () => {
      for (const key of stale) this.#identities.delete(key);
    };
  }

  /** Puts the whole policy of an endpoint in place at once. @throws {Error} when it is larger than the kernel's bound. */
  putPolicy(policy: EndpointPolicy, ruleNumber: (ref: RuleRef) => number): void {
    const entries = policyEntries(policy, ruleNumber);
    if (entries.length > bound.policy_entries) {
      throw new Error(
        `the policy of endpoint ${policy.endpoint} needs ${entries.length} entries, more than the ${bound.policy_entries} ` +
          'that the kernel side takes; use wider port ranges or fewer peers',
      );
    }
    using inner = emptyPolicy();
    inner.putBatch(entries.map(({ key, value }) => [key, value] as const));
    this.#policies.putMap(u32(policy.endpoint), inner);
  }

  /**
   * Returns once no program runs any more that ran when it was called: the kernel waits for that when a slot of a map of maps
   * is exchanged (maybe_wait_bpf_programs in kernel/bpf/syscall.c). Slot 0 is no endpoint's.
   */
  awaitPrograms(): void {
    using none = emptyPolicy();
    this.#policies.putMap(u32(0), none);
    this.#policies.delete(u32(0));
  }

  deletePolicy(id: EndpointId): void {
    this.#policies.delete(u32(id));
  }

  putEndpoint(tap: Tap): void {
    const value = Buffer.alloc(endpoint.size);
    value.writeUInt32LE(tap.endpoint, endpoint.id.offset);
    value.writeUInt32LE(tap.identity, endpoint.identity.offset);
    value.writeUInt32LE(tap.checkSource ? 1 : 0, endpoint.check_source.offset);
    this.endpoints.put(u32(tap.ifindex), value);
  }

  deleteEndpoint(ifindex: number): void {
    this.endpoints.delete(u32(ifindex));
  }

  packetCounts(): PacketCount[] {
    const counts: PacketCount[] = [];
    for (let number = 0; number < reason.count; number++) {
      for (const direction of ['egress', 'ingress'] as const) {
        const values = this.counters.get(u32(number * 2 + (direction === 'ingress' ? 1 : 0)));
        let [packets, bytes] = [0, 0];
        for (let at = 0; values && at < values.length; at += counter.size) {
          packets += Number(values.readBigUInt64LE(at + counter.packets.offset));
          bytes += Number(values.readBigUInt64LE(at + counter.bytes.offset));
        }
        counts.push({ reason: reasonName(number), denied: isDenial(number), direction, packets, bytes });
      }
    }
    return counts;
  }

  /** What found no room on its way to the agent, by what it was. */
  losses(): Record<Loss, number> {
    return {
      events: this.#lost(loss.events),
      requests: this.#lost(loss.requests),
      sampled: this.#lost(loss.sampled),
      takeovers: this.#lost(loss.takeovers),
      rules: this.#lost(loss.rules),
    };
  }

  #lost(slot: number): number {
    const values = this.#lostEvents.get(u32(slot));
    let lost = 0;
    for (let at = 0; values && at < values.length; at += 8) lost += Number(values.readBigUInt64LE(at));
    return lost;
  }
}

export type Loss = Exclude<keyof typeof loss, 'count'>;

/** @returns undefined for a map that an older agent left in another form */
export function readSettings(map: BpfMap): Settings | undefined {
  const value = map.get(u32(0));
  if (!value || value.length !== settings.size) return undefined;
  return {
    revision: value.readUInt32LE(settings.revision.offset),
    workers: value.readUInt32LE(settings.workers.offset),
    mark: value.readUInt32LE(settings.mark.offset),
    judge: value.readUInt32LE(settings.judge.offset) !== 0,
    hashKey: value.subarray(settings.hash_key.offset, settings.hash_key.offset + settings.hash_key.size),
  };
}

function emptyPolicy(): BpfMap {
  return BpfMap.create({
    type: 'lpm_trie',
    name: 'policy',
    keySize: policy_key.size,
    valueSize: policy_entry.size,
    maxEntries: bound.policy_entries,
    flags: noPrealloc,
  });
}

export function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}
