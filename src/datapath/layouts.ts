/**
 * What the maps that one agent leaves to the next look like: a digest of each struct and enum in them, pinned beside them.
 * An agent of another version goes on with them only where all are its own; libbpf compares no more than sizes.
 */

import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { BpfMap } from '../../native/index.ts';
import {
  conn,
  conn_state,
  counter,
  direction,
  doubt,
  flow_key,
  option,
  reason,
  settings,
  stream,
  stream_mode,
  stream_side,
  verdict,
} from './abi.generated.ts';
import { u32 } from './kernel-maps.ts';

/** By their names in bpf/abi.h. */
const inherited: Readonly<Record<string, object>> = {
  'struct conn': conn,
  'struct counter': counter,
  'struct flow_key': flow_key,
  'struct settings': settings,
  'struct stream': stream,
  'struct stream_side': stream_side,
  'enum conn_state': conn_state,
  'enum direction': direction,
  'enum doubt': doubt,
  'enum option': option,
  'enum reason': reason,
  'enum stream_mode': stream_mode,
  'enum verdict': verdict,
};

type Digests = Readonly<Record<string, string>>;

/** Of the pinned map's only value: JSON, filled up with zeros. */
const valueBytes = 2048;

function digests(): Digests {
  const digest = (layout: object): string =>
    createHash('sha256').update(JSON.stringify(layout)).digest('hex').slice(0, 16);
  return Object.fromEntries(Object.entries(inherited).map(([name, layout]) => [name, digest(layout)]));
}

/** Pins them, unless an earlier agent has. */
export function pinLayouts(path: string): void {
  if (existsSync(path)) return;
  const value = Buffer.alloc(valueBytes);
  value.write(JSON.stringify(digests()));
  using map = BpfMap.create({ type: 'array', name: 'layouts', keySize: 4, valueSize: valueBytes, maxEntries: 1 });
  map.put(u32(0), value);
  map.pin(path);
}

/** @returns names of what is not as we know it, in the maps of the agent that pinned `path`; empty: go on with them */
export function foreignLayouts(path: string): string[] {
  const theirs = existsSync(path) ? readDigests(path) : undefined;
  const ours = digests();
  if (!theirs) return ['all that it left'];
  const names = new Set([...Object.keys(ours), ...Object.keys(theirs)]);
  return [...names].filter((name) => ours[name] !== theirs[name]).sort();
}

function readDigests(path: string): Digests | undefined {
  using map = BpfMap.openPinned(path);
  const value = map.get(u32(0));
  try {
    return value && (JSON.parse(value.toString('utf8').replace(/\0+$/, '')) as Digests);
  } catch {
    return undefined; // not of our making
  }
}
