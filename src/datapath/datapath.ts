/**
 * The kernel's half of the agent: programs, maps and the proxy's namespaces, from their load or adoption to their end.
 *
 * Order is everything here. Maps come before policy and policy before links, so that no packet meets a tap without its
 * policy. An agent that starts where another one died, or is still there, makes new policy maps beside the old ones, keeps
 * the table of connections, and exchanges the programs link by link.
 */

import { randomBytes, randomInt } from 'node:crypto';
import { existsSync, mkdirSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { BpfMap, type BpfObject, mountBpffs, openObject, RingBuffer, unpin } from '../../native/index.ts';
import type { Direction } from '../identity/identity.ts';
import { limits } from '../limits.ts';
import type { KernelEvent } from '../observe/kernel-event.ts';
import type { ResolvedPolicy, RuleRef } from '../policy/resolved.ts';
import { bound } from './abi.generated.ts';
import { Attachments } from './attachments.ts';
import { clockOffset, readEvent } from './event-reader.ts';
import { Expiry } from './expiry.ts';
import { JudgeTables } from './judge-tables.ts';
import type { JudgedRequests } from './judged-requests.ts';
import { KernelMaps, type Loss, type PacketCount, readSettings, type Settings, u32 } from './kernel-maps.ts';
import { foreignLayouts, pinLayouts } from './layouts.ts';
import { ensureProxyNamespace, type ProxyNamespace, removeProxyNamespace } from './proxy-namespace.ts';
import { type RuleCount, readRuleCounts } from './rule-counters.ts';
import { type Taken, Takeovers } from './takeover.ts';
import type { Tap } from './tap.ts';

export interface DatapathOptions {
  readonly instance: string;
  /** Path of the BPF object. */
  readonly object: string;
  /** Listener slots a direction. */
  readonly workers: number;
  /** Requests are judged in the kernel where they can be. */
  readonly judge: boolean;
}

const bpffs = '/sys/fs/bpf';
const directions = ['egress', 'ingress'] as const satisfies readonly Direction[];
/** Maps that the next agent goes on with. */
const inherited = ['connections', 'streams', 'counters'] as const;
/**
 * Between the first policy revision of an agent and the last one of the agent before it. Both may be in force at once, link
 * by link, and number endpoints and rule sets in their own ways: neither may take the other's verdicts for its own.
 */
const revisionStep = 2 ** 16;

export class Datapath {
  readonly namespaces: Readonly<Record<Direction, ProxyNamespace>>;
  readonly expiry: Expiry;
  /** True: an earlier agent's connections go on. */
  readonly adopted: boolean;
  readonly #options: DatapathOptions;
  readonly #directory: string;
  readonly #object: BpfObject;
  readonly #maps: KernelMaps;
  readonly #tables: JudgeTables;
  readonly #attachments: Attachments;
  readonly #ruleNumbers = new Map<string, number>();
  #settings: Settings;
  /** Another agent's programs are at our hooks until the next `apply` is done. */
  #exchanging: boolean;
  #taps: ReadonlyMap<number, Tap> = new Map();
  #endpoints = new Set<number>();
  readonly #rings: RingBuffer[] = [];
  /** Those of them that wake nobody before they fill up. */
  #quietRings: readonly RingBuffer[] = [];
  #ringTimer: NodeJS.Timeout | undefined;
  #judged: JudgedRequests | undefined;
  #takeovers: Takeovers | undefined;
  #closed = false;

  /** @throws {NativeError} when the kernel refuses; {Error} when a tool of the host does. Nothing is attached yet. */
  static async open(options: DatapathOptions): Promise<Datapath> {
    mountBpffs(bpffs);
    const namespaces = {
      egress: await ensureProxyNamespace(options.instance, 'egress'),
      ingress: await ensureProxyNamespace(options.instance, 'ingress'),
    };
    return new Datapath(options, namespaces);
  }

  private constructor(options: DatapathOptions, namespaces: Readonly<Record<Direction, ProxyNamespace>>) {
    this.#options = options;
    this.namespaces = namespaces;
    this.#directory = join(bpffs, options.instance);
    mkdirSync(join(this.#directory, 'maps'), { recursive: true });
    if (existsSync(this.#mapPath('settings'))) this.#requireKnownLayouts();
    const earlier = this.#earlierSettings();
    this.adopted = earlier !== undefined;
    this.#exchanging = this.adopted;
    this.#settings = {
      revision: ((earlier?.revision ?? 0) + revisionStep) >>> 0,
      workers: options.workers,
      mark: earlier?.mark ?? randomInt(1, 2 ** 32),
      judge: options.judge,
      hashKey: earlier?.hashKey ?? randomBytes(16),
    };
    this.#object = this.#load();
    this.#maps = new KernelMaps(this.#object);
    this.#tables = new JudgeTables(this.#object);
    this.expiry = new Expiry(this.#object.program('expire'), this.#maps.connections);
    this.#maps.writeSettings(this.#settings);
    this.#attachments = new Attachments(join(this.#directory, 'links'));
  }

  /** Descriptor of the table of connections; workers look up in it who is on a connection. */
  get connectionsFd(): number {
    return this.#maps.connections.fd;
  }

  /** Descriptor of the table of taps: their endpoints, as this agent numbers them. */
  get endpointsFd(): number {
    return this.#maps.endpoints.fd;
  }

  /** Descriptor of the map of judged connections' streams. */
  get streamsFd(): number {
    return this.#maps.streams.fd;
  }

  /** The kernel's number of the program that changes them. */
  get steerId(): number {
    return this.#object.program('steer').info.id;
  }

  get attachmentKind(): 'tcx' | 'clsact' {
    return this.#attachments.kind;
  }

  setListener(direction: Direction, worker: number, fd: number): void {
    this.#maps.listeners.putFd(u32(slotOf(direction, worker)), fd);
  }

  clearListener(direction: Direction, worker: number): void {
    this.#maps.listeners.delete(u32(slotOf(direction, worker)));
  }

  /**
   * Puts policy and taps in force, as a whole for each endpoint; open connections are judged anew by their next packet.
   * @throws {Error} what was in force for an endpoint stays so.
   */
  apply(resolved: ResolvedPolicy, taps: readonly Tap[]): void {
    // What was judged until now names the rule sets that there were.
    this.readRings();
    const deleteStale = this.#maps.putIdentities(resolved);
    // Before the policy that names their rule sets.
    const deleteStaleTables = this.#settings.judge ? this.#tables.put(resolved) : () => undefined;
    const tapped = new Set<number>(taps.map(({ endpoint }) => endpoint));
    for (const policy of resolved.endpoints) {
      if (tapped.has(policy.endpoint)) this.#maps.putPolicy(policy, (ref) => this.#ruleNumber(ref));
    }
    const wanted = new Map(taps.map((tap) => [tap.ifindex, tap]));
    // Programs that are exchanged go on at once. A new tap's two hooks can't be attached in one step: until its endpoint
    // is known both drop everything, so that no connection is seen from one side only.
    for (const tap of taps) if (this.#attachments.has(tapName(tap, 'to'))) this.#maps.putEndpoint(tap);
    this.#attachProxySide();
    for (const tap of taps) {
      this.#attachTap(tap);
      this.#maps.putEndpoint(tap);
    }
    // Whatever an earlier agent's programs still write into the tables, the next packet judges anew.
    if (this.#exchanging) this.#maps.awaitPrograms();
    this.#exchanging = false;
    this.#settings = { ...this.#settings, revision: (this.#settings.revision + 1) >>> 0 };
    this.#maps.writeSettings(this.#settings);

    this.#attachments.detach((name) => {
      const ifindex = /^tap-(\d+)-/.exec(name)?.[1];
      return ifindex !== undefined && !wanted.has(Number(ifindex));
    });
    for (const ifindex of this.#taps.keys()) if (!wanted.has(ifindex)) this.#maps.deleteEndpoint(ifindex);
    for (const id of this.#endpoints) if (!tapped.has(id)) this.#maps.deletePolicy(id as Tap['endpoint']);
    deleteStale();
    deleteStaleTables();
    this.#taps = wanted;
    this.#takeovers?.servers.setTaps(taps);
    this.#endpoints = tapped;
    this.#pinMaps();
  }

  /** While somebody follows the flows they are read sooner, so that the kernel leaves fewer of them out. */
  set followed(followed: boolean) {
    if (!this.#closed) this.#readEvery(followed ? limits.ringFollowedMs : limits.ringReadMs);
  }

  /** As `apply`, after another agent that wanted to take over has put its programs, or some of them, in place of ours. */
  reassert(resolved: ResolvedPolicy, taps: readonly Tap[]): void {
    this.#attachments.close();
    this.#settings = { ...this.#settings, revision: (this.#settings.revision + 2 * revisionStep) >>> 0 };
    this.#maps.writeSettings(this.#settings);
    this.#exchanging = true;
    this.apply(resolved, taps);
  }

  /** Reads what the kernel tells, from now on: events, and requests that it judged. */
  observe(deliver: (events: readonly KernelEvent[]) => void, requests: JudgedRequests): void {
    const events = new RingBuffer(this.#maps.events, (records) => {
      const offset = clockOffset();
      deliver(records.map((record) => readEvent(record, offset)));
    });
    const judged = new RingBuffer(this.#object.map('requests'), (records) => requests.read(records, clockOffset()));
    this.#rings.push(events, judged);
    this.#quietRings = [events, judged];
    this.#judged = requests;
    this.#readEvery(limits.ringReadMs);
  }

  /** Takes over every connection that the kernel holds, from now on. */
  takeOver(netns: Readonly<Record<Direction, number>>, deliver: (taken: Taken) => void): Takeovers {
    const takeovers = new Takeovers(this.#object, netns, this.namespaces, this.#settings.mark, deliver);
    this.#takeovers = takeovers;
    this.#rings.push(new RingBuffer(this.#object.map('takeovers'), (records) => takeovers.read(records)));
    return takeovers;
  }

  /** Reads what the rings hold now: for who looks, and so that what the kernel told comes before what is told next. */
  readRings(): void {
    for (const ring of this.#quietRings) readAll(ring);
  }

  /** Rule sets whose table for the kernel is not made yet. */
  get compiling(): number {
    return this.#tables.pending;
  }

  packetCounts(): PacketCount[] {
    return this.#maps.packetCounts();
  }

  /** Requests that the kernel judged, by rule. */
  ruleCounts(): RuleCount[] {
    return readRuleCounts(this.#maps.ruleCounters);
  }

  /** What found no room on its way from the kernel. */
  losses(): Record<Loss, number> {
    return this.#maps.losses();
  }

  /** Ends enforcement and removes all that was made; with `leaveAttached` the kernel goes on by itself. */
  async close(leaveAttached: boolean): Promise<void> {
    this.#closed = true;
    clearInterval(this.#ringTimer);
    this.#quietRings = [];
    this.expiry.stop();
    this.#tables.close();
    for (const ring of this.#rings) ring.close();
    if (leaveAttached) {
      this.#attachments.close();
    } else {
      this.#attachments.detach((name) => name.startsWith('tap-'));
      this.#attachments.detach(() => true);
      for (const name of [...inherited, 'settings', 'layouts']) unpinIfThere(this.#mapPath(name));
      for (const part of ['maps', 'links', '']) rmdirSync(join(this.#directory, part));
    }
    this.#object.close();
    if (!leaveAttached)
      for (const direction of directions) await removeProxyNamespace(this.#options.instance, direction);
  }

  /** One timer for all rings: each time that it comes it takes the processor from somebody, with a cold cache. */
  #readEvery(milliseconds: number): void {
    clearInterval(this.#ringTimer);
    this.#ringTimer = setInterval(() => {
      this.readRings();
      this.#judged?.expire(Date.now());
    }, milliseconds);
  }

  #load(): BpfObject {
    const object = openObject(this.#options.object);
    try {
      const ifindexes = Buffer.concat(directions.map((direction) => u32(this.namespaces[direction].ifindex)));
      object.setRodata('proxy_ifindex', ifindexes);
      object.setRodata('proxy_mac', Buffer.concat(directions.map((direction) => this.namespaces[direction].mac)));
      for (const name of inherited) {
        if (existsSync(this.#mapPath(name))) object.reuseMap(name, BpfMap.openPinned(this.#mapPath(name)));
      }
      object.load();
      return object;
    } catch (error) {
      object.close();
      throw error;
    }
  }

  #earlierSettings(): Settings | undefined {
    const path = this.#mapPath('settings');
    if (!existsSync(path)) return undefined;
    using map = BpfMap.openPinned(path);
    return readSettings(map);
  }

  #requireKnownLayouts(): void {
    const foreign = foreignLayouts(this.#mapPath('layouts'));
    if (foreign.length === 0) return;
    throw new Error(
      `an agent of another version is in force, and this one can't go on with its maps: ${foreign.join(', ')} ` +
        `differ. It stays in force. End it with SIGTERM (without --leave-attached), or remove what it left with ` +
        `\`rm -r ${this.#directory}\`, which opens the endpoints; then start this one`,
    );
  }

  /** Pins what the next agent needs, once our programs are the ones in force. */
  #pinMaps(): void {
    pinLayouts(this.#mapPath('layouts'));
    for (const name of inherited) {
      if (!existsSync(this.#mapPath(name))) this.#maps[name].pin(this.#mapPath(name));
    }
    unpinIfThere(this.#mapPath('settings'));
    this.#maps.settings.pin(this.#mapPath('settings'));
  }

  #attachProxySide(): void {
    for (const direction of directions) {
      const { ifindex, path } = this.namespaces[direction];
      this.#attachments.attachNetns(`lookup-${direction}`, this.#object.program(`lookup_${direction}`), path);
      const program = this.#object.program(`reinject_${direction}`);
      this.#attachments.attachTraffic(`reinject-${direction}`, { program, ifindex, direction: 'egress' });
    }
  }

  #attachTap(tap: Tap): void {
    const { ifindex } = tap;
    const from = this.#object.program('tap_from_endpoint');
    const to = this.#object.program('tap_to_endpoint');
    this.#attachments.attachTraffic(tapName(tap, 'from'), { program: from, ifindex, direction: 'ingress' });
    this.#attachments.attachTraffic(tapName(tap, 'to'), { program: to, ifindex, direction: 'egress' });
  }

  #ruleNumber(ref: RuleRef): number {
    const key = `${ref.policy} ${ref.rule}`;
    const known = this.#ruleNumbers.get(key);
    if (known !== undefined) return known;
    const number = this.#ruleNumbers.size + 1;
    this.#ruleNumbers.set(key, number);
    return number;
  }

  #mapPath(name: string): string {
    return join(this.#directory, 'maps', name);
  }
}

function tapName({ ifindex }: Tap, hook: 'from' | 'to'): string {
  return `tap-${ifindex}-${hook}`;
}

function readAll(ring: RingBuffer): void {
  while (ring.consume() > 0);
}

function slotOf(direction: Direction, worker: number): number {
  return (direction === 'ingress' ? bound.workers : 0) + worker;
}

function unpinIfThere(path: string): void {
  if (existsSync(path)) unpin(path);
}
