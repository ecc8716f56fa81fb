/** A bad network at a routed station; bad-wire.py says how. */

import type { ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { eventually } from './eventually.ts';
import { type Lines, linesOf } from './lines.ts';
import type { Family, Station, Topology } from './topology.ts';

export interface Weather {
  /** Bytes, the station's. */
  readonly mtu: number;
  /** Seconds, each way. */
  readonly delay: number;
  /** Shares of the packets, each way. */
  readonly loss: number;
  readonly duplicate: number;
  readonly reorder: number;
  readonly seed: number;
  readonly family: Family;
}

export type Damage = Readonly<Record<'packets' | 'lost' | 'duplicated' | 'reordered', number>>;

function beside(name: string): string {
  return fileURLToPath(new URL(name, import.meta.url));
}

export function setMtu(topology: Topology, { name, namespace }: Station, mtu: number): void {
  topology.host.ip('link', 'set', `v-${name}`, 'mtu', String(mtu));
  namespace.ip('link', 'set', 'eth0', 'mtu', String(mtu));
}

export class BadWire {
  readonly #child: ChildProcess;
  readonly #lines: Lines;

  private constructor(child: ChildProcess) {
    this.#child = child;
    this.#lines = linesOf(child);
  }

  /** From now on TCP between `station` and `other` goes through it. */
  static async start(topology: Topology, station: Station, other: Station, weather: Weather): Promise<BadWire> {
    const hostSide = `v-${station.name}`;
    topology.host.runSync('python3', beside('no-offload.py'), hostSide);
    const gateway = /link\/ether (\S+)/.exec(topology.host.ip('link', 'show', hostSide))?.[1];
    const setup = {
      ...weather,
      interface: 'eth0',
      gateway,
      route: `${other.address[weather.family]}/${weather.family === 4 ? 32 : 128}`,
      source: station.address[weather.family],
    };
    const wire = new BadWire(
      station.namespace.spawn('python3', [beside('bad-wire.py'), JSON.stringify(setup)], {
        stdio: ['pipe', 'pipe', 'inherit'],
      }),
    );
    await eventually('the bad wire is there', () => {
      if (wire.#child.exitCode !== null) throw new Error('the bad wire ended');
      return wire.#lines.all[0] === 'ready' ? true : undefined;
    });
    return wire;
  }

  /** @returns what it did */
  async end(): Promise<Damage> {
    this.#child.stdin?.end();
    const told = await eventually('the bad wire tells what it did', () => this.#lines.all[1]);
    return JSON.parse(told) as Damage;
  }
}
