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
  let count = Math.min(batchEntries, info.maxEntries);
  let from: Buffer | undefined;
  for (;;) {
    // New ones for each batch: the caller may keep the slices.
    const keys = Buffer.allocUnsafeSlow(count * keySize);
    const values = Buffer.allocUnsafeSlow(count * valueBytes);
    const next = Buffer.alloc(Math.max(4, keySize));
    const read = binding.mapLookupBatch(map, from, next, keys, values, count);
    if (read === undefined) {
      count *= 2;
      continue;
    }
    const last = read < 0;
    const found = last ? -1 - read : read;
    for (let at = 0; at < found; at++) {
      yield [keys.subarray(at * keySize, (at + 1) * keySize), values.subarray(at * valueBytes, (at + 1) * valueBytes)];
    }
    if (last) return;
    from = next;
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
