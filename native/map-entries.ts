import { binding, type MapHandle, type RawMapInfo } from './binding.ts';

/**
 * Types whose batch cursor survives deletions: a hash table's is the bucket's number, an array has none to delete. A trie's
 * cursor is the last key, and the kernel starts anew when that is gone.
 */
const batched: ReadonlySet<string> = new Set([
  'hash',
  'lru_hash',
  'percpu_hash',
  'lru_percpu_hash',
  'array',
  'percpu_array',
]);

/** Entries of one batch at first; doubled when a bucket has more. */
const batchEntries = 1024;

export function readEntries(map: MapHandle, info: RawMapInfo): Generator<[key: Buffer, value: Buffer]> {
  return batched.has(info.type) ? readBatches(map, info) : readByKeys(map, info);
}

function* readBatches(map: MapHandle, info: RawMapInfo): Generator<[key: Buffer, value: Buffer]> {
  const { keySize, valueBytes } = info;
  // New room for each batch: the caller may keep the slices.
  for (const { keys, values, count } of readSlices(map, info, batchEntries, 'new room')) {
    for (let at = 0; at < count; at++) {
      yield [keys.subarray(at * keySize, (at + 1) * keySize), values.subarray(at * valueBytes, (at + 1) * valueBytes)];
    }
  }
}

/** See `BpfMap.keySlices`. */
export function* readKeySlices(map: MapHandle, info: RawMapInfo, atOnce: number): Generator<Buffer> {
  for (const { keys, count } of readSlices(map, info, atOnce, 'same room'))
    yield keys.subarray(0, count * info.keySize);
}

interface Room {
  readonly entries: number;
  readonly keys: Buffer;
  readonly values: Buffer;
}

function roomFor({ keySize, valueBytes }: RawMapInfo, entries: number): Room {
  return {
    entries,
    keys: Buffer.allocUnsafeSlow(entries * keySize),
    values: Buffer.allocUnsafeSlow(entries * valueBytes),
  };
}

/** @param next where the slice after one is read to */
function* readSlices(
  map: MapHandle,
  info: RawMapInfo,
  atOnce: number,
  next: 'new room' | 'same room',
): Generator<Room & { readonly count: number }> {
  let room = roomFor(info, Math.min(atOnce, info.maxEntries));
  let from: Buffer | undefined;
  for (;;) {
    const cursor = Buffer.alloc(Math.max(4, info.keySize));
    const read = binding.mapLookupBatch(map, from, cursor, room.keys, room.values, room.entries);
    if (read === undefined) {
      room = roomFor(info, room.entries * 2);
      continue;
    }
    yield { ...room, count: read < 0 ? -1 - read : read };
    if (read < 0) return;
    from = cursor;
    if (next === 'new room') room = roomFor(info, room.entries);
  }
}

/** Takes down all keys first. Bounded by the map's size: when the key is deleted meanwhile the kernel starts from the first. */
function* readByKeys(map: MapHandle, info: RawMapInfo): Generator<[key: Buffer, value: Buffer]> {
  const keys = new Map<string, Buffer>();
  let key: Buffer | undefined;
  for (let steps = 0; steps <= 2 * info.maxEntries; steps++) {
    const next = Buffer.alloc(info.keySize);
    if (!binding.mapNextKey(map, key, next)) break;
    keys.set(next.toString('latin1'), next);
    key = next;
  }
  for (const found of keys.values()) {
    const value = binding.mapGet(map, found);
    if (value !== undefined) yield [found, value];
  }
}
