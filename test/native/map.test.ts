import assert from 'node:assert/strict';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { BpfMap, closeFd, listenTransparent, openObject, putFlags, unpin } from '../../native/index.ts';
import { compiled, numberOf, u32, u64 } from './compiled.ts';
import { failing } from './failing.ts';
import { bpffsOf } from './scratch.ts';

const sample = compiled('sample');

function hashOf(maxEntries: number): BpfMap {
  return BpfMap.create({ type: 'hash', name: 'hash', keySize: 4, valueSize: 8, maxEntries });
}

test('puts, gets and deletes', () => {
  using map = hashOf(2);
  assert.equal(map.get(u32(1)), undefined);
  map.put(u32(1), u64(10n));
  assert.deepEqual(map.get(u32(1)), u64(10n));
  const value = Buffer.alloc(8, 0xff);
  assert.equal(map.getInto(u32(2), value), false);
  assert.deepEqual(value, Buffer.alloc(8, 0xff));
  assert.equal(map.getInto(u32(1), value), true);
  assert.deepEqual(value, u64(10n));
  assert.throws(() => map.put(u32(1), u64(1n), putFlags.onlyNew), failing('MAP_PUT', 'EEXIST'));
  assert.throws(() => map.put(u32(9), u64(1n), putFlags.onlyExisting), failing('MAP_PUT', 'ENOENT'));
  map.put(u32(2), u64(20n));
  assert.throws(() => map.put(u32(3), u64(30n)), failing('MAP_PUT', 'E2BIG'));
  assert.equal(map.delete(u32(1)), true);
  assert.equal(map.delete(u32(1)), false);
});

test('refuses keys and values of any other length', () => {
  using map = hashOf(4);
  for (const key of [Buffer.alloc(0), Buffer.alloc(3), Buffer.alloc(5)]) {
    assert.throws(() => map.get(key), failing('ARGUMENT'));
    assert.throws(() => map.getInto(key, u64(0n)), failing('ARGUMENT'));
    assert.throws(() => map.put(key, u64(0n)), failing('ARGUMENT'));
    assert.throws(() => map.delete(key), failing('ARGUMENT'));
    assert.throws(() => map.putBatch([[key, u64(0n)]]), failing('ARGUMENT'));
  }
  for (const value of [Buffer.alloc(0), Buffer.alloc(7), Buffer.alloc(9)]) {
    assert.throws(() => map.getInto(u32(1), value), failing('ARGUMENT'));
    assert.throws(() => map.put(u32(1), value), failing('ARGUMENT'));
    assert.throws(() => map.putBatch([[u32(1), value]]), failing('ARGUMENT'));
  }
  assert.throws(() => map.get(new Uint16Array(2) as unknown as Uint8Array), failing('ARGUMENT'));
  const detached = new Uint8Array(4);
  structuredClone(detached.buffer, { transfer: [detached.buffer] });
  assert.throws(() => map.get(detached), failing('ARGUMENT'));
  assert.equal([...map.entries()].length, 0);
});

test('gives the keys of a hash map slice by slice while they are deleted', () => {
  const total = 5000;
  using map = hashOf(total);
  map.putBatch(Array.from({ length: total }, (_, number) => [u32(number), u64(0n)] as const));
  const seen = new Set<number>();
  for (const keys of map.keySlices(2)) {
    for (let at = 0; at < keys.length; at += 4) {
      seen.add(numberOf(keys, at));
      map.delete(keys.subarray(at, at + 4));
    }
  }
  assert.equal(seen.size, total);
  assert.deepEqual(
    [...map.keySlices(2)].flatMap((keys) => [...keys]),
    [],
  );
});

for (const type of ['hash', 'lpm_trie'] as const) {
  test(`walks all entries of a ${type} map while they are deleted`, () => {
    const total = 5000;
    const flags = type === 'lpm_trie' ? 1 : 0;
    using map = BpfMap.create({ type, name: 'walk', keySize: 8, valueSize: 4, maxEntries: total, flags });
    const keyOf = (number: number): Buffer => {
      const key = Buffer.alloc(8);
      key.set(u32(32));
      key.writeUInt32BE(number, 4);
      return key;
    };
    map.putBatch(Array.from({ length: total }, (_, at) => [keyOf(at), u32(at)] as const));
    const seen = new Set<number>();
    for (const [key, value] of map.entries()) {
      const number = key.readUInt32BE(4);
      assert.equal(numberOf(value), number);
      assert.ok(!seen.has(number), 'comes once');
      seen.add(number);
      if (number % 2 === 0) map.delete(key);
    }
    assert.equal(seen.size, total);
    assert.equal([...map.entries()].length, total / 2);
  });
}

test('walks a map of one entry and an empty one', () => {
  using map = hashOf(1);
  assert.deepEqual([...map.entries()], []);
  map.put(u32(5), u64(6n));
  assert.deepEqual([...map.entries()], [[u32(5), u64(6n)]]);
});

test('a failing batch says what failed', () => {
  using map = hashOf(8);
  const entries = Array.from({ length: 20 }, (_, at) => [u32(at), u64(0n)] as const);
  assert.throws(() => map.putBatch(entries), failing('MAP_PUT', 'E2BIG'));
});

test('gives the values of all CPUs in a row', () => {
  using object = openObject(sample);
  object.load();
  using packets = object.map('packets');
  assert.ok(packets.valueBytes >= 8 * availableParallelism());
  object.program('report').testRun({ data: Buffer.alloc(64), repeat: 5 });
  const values = packets.get(u32(0));
  assert.ok(values);
  let sum = 0;
  for (let at = 0; at < values.length; at += 8) sum += numberOf(values, at);
  assert.equal(sum, 5);
  assert.throws(() => packets.put(u32(0), u32(0)), failing('ARGUMENT'));
  packets.put(u32(0), Buffer.alloc(packets.valueBytes));
  assert.deepEqual([...packets.entries()], [[u32(0), Buffer.alloc(packets.valueBytes)]]);
});

test('swaps the maps inside a map', () => {
  using object = openObject(sample);
  object.load();
  using outer = object.map('outer');
  using first = object.map('inner_a');
  using second = BpfMap.create({ type: 'array', name: 'inner', keySize: 4, valueSize: 4, maxEntries: 1 });
  first.put(u32(0), u32(100));
  second.put(u32(0), u32(200));
  const asked = (): number => object.program('inner_value').testRun({ data: Buffer.alloc(64) }).retval;
  assert.equal(asked(), 2);
  outer.putMap(u32(7), first);
  assert.equal(asked(), 100);
  outer.putMap(u32(7), second);
  assert.equal(asked(), 200);
  const inside = outer.get(u32(7));
  assert.ok(inside);
  using again = BpfMap.fromId(numberOf(inside));
  assert.equal(again.info.id, second.info.id);
  assert.deepEqual([...outer.entries()], [[u32(7), inside]]);
  assert.throws(() => outer.put(u32(7), u32(second.fd)), failing('ARGUMENT'));
  assert.throws(() => outer.putFd(u32(7), second.fd), failing('ARGUMENT'));
  using table = object.map('table');
  assert.throws(() => table.putMap(u32(7), second), failing('ARGUMENT'));
  assert.throws(() => outer.putMap(u32(7), table), failing('MAP_PUT', 'EINVAL'));
  using nest = BpfMap.create({
    type: 'array_of_maps',
    name: 'nest',
    keySize: 4,
    valueSize: 4,
    maxEntries: 2,
    innerMap: first,
  });
  nest.putMap(u32(1), second);
  assert.equal(nest.get(u32(1))?.length, 4);
});

test('holds a listener by descriptor', () => {
  using object = openObject(sample);
  object.load();
  using listeners = object.map('listeners');
  const listener = listenTransparent({ port: 0, backlog: 1 });
  listeners.putFd(u32(1), listener);
  assert.equal(listeners.get(u32(1))?.length, 8, 'the cookie');
  assert.throws(() => listeners.put(u32(1), u64(BigInt(listener))), failing('ARGUMENT'));
  assert.equal(listeners.delete(u32(1)), true);
  assert.equal(listeners.delete(u32(1)), false);
  closeFd(listener);
  assert.throws(() => listeners.putFd(u32(1), 1_000_000), failing('MAP_PUT', 'EBADF'));
});

test('is pinned, found again and unpinned', (t) => {
  const path = join(bpffsOf(t), 'map');
  using map = hashOf(2);
  map.put(u32(1), u64(1n));
  map.pin(path);
  assert.throws(() => map.pin(path), failing('PIN', 'EEXIST'));
  using again = BpfMap.openPinned(path);
  assert.deepEqual(again.get(u32(1)), u64(1n));
  using third = BpfMap.fromFd(map.fd);
  assert.equal(third.info.id, map.info.id);
  assert.notEqual(third.fd, map.fd);
  assert.equal(unpin(path), true);
  assert.equal(unpin(path), false);
  assert.throws(() => BpfMap.openPinned(path), failing('PIN', 'ENOENT'));
  assert.throws(() => unpin('/etc/hostname'), failing('PIN', 'EINVAL'));
});

test('what is no map is refused', () => {
  using object = openObject(sample);
  object.load();
  const { fd } = object.program('drop').info;
  assert.throws(() => BpfMap.fromFd(fd), failing('KIND'));
  assert.throws(() => BpfMap.fromFd(0), failing('KIND'));
  assert.throws(() => BpfMap.fromFd(1_000_000), failing('MAP_OPEN', 'EBADF'));
  assert.throws(() => BpfMap.fromFd(-1), failing('ARGUMENT'));
  assert.throws(() => BpfMap.fromId(0x7fffffff), failing('MAP_OPEN', 'ENOENT'));
  const wrong = { name: 'm', keySize: 4, valueSize: 4, maxEntries: 1 };
  assert.throws(() => BpfMap.create({ ...wrong, type: 'tree' }), failing('ARGUMENT'));
  assert.throws(() => BpfMap.create({ ...wrong, type: 'hash', name: 'a-name-that-is-too-long' }), failing('ARGUMENT'));
  assert.throws(() => BpfMap.create({ ...wrong, type: 'hash', keySize: 0 }), failing('MAP_CREATE', 'EINVAL'));
});
