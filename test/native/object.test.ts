import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BpfMap, openObject } from '../../native/index.ts';
import { compiled, numberOf, u32, u64 } from './compiled.ts';
import { failing } from './failing.ts';

const sample = compiled('sample');
const packet = Buffer.alloc(64);
/** Where `struct __sk_buff` has it. */
const mark = 8;

test('names what an object has, before and after the load', () => {
  using object = openObject(sample);
  assert.deepEqual(object.names.programs, ['report', 'drop', 'inner_value', 'pass', 'permit', 'steer']);
  assert.ok(object.names.maps.includes('table'));
  assert.equal(object.btf.readUInt16LE(0), 0xeb9f);
  assert.throws(() => object.map('table'), failing('BPF_LOAD'));
  object.load();
  assert.throws(() => object.map('absent'), failing('NOT_FOUND', 'ENOENT'));
  assert.throws(() => object.program('absent'), failing('NOT_FOUND', 'ENOENT'));
});

test('a constant is set by name and only in its own size', () => {
  using object = openObject(sample);
  object.setRodata('first_constant', u32(41));
  object.setRodata('second_constant', u64(77n));
  assert.throws(() => object.setRodata('first_constant', u64(1n)), failing('ARGUMENT'));
  assert.throws(() => object.setRodata('absent', u32(1)), failing('NOT_FOUND'));
  object.load();
  assert.equal(object.program('report').testRun({ data: packet }).retval, 41);
  assert.equal(object.program('inner_value').testRun({ data: packet }).retval, 77);
  assert.throws(() => object.setRodata('first_constant', u32(1)), failing('BPF_LOAD', 'EBUSY'));
});

test('a map takes another size, or is one that exists', () => {
  using shared = BpfMap.create({ type: 'hash', name: 'shared', keySize: 4, valueSize: 8, maxEntries: 9 });
  using other = BpfMap.create({ type: 'hash', name: 'other', keySize: 4, valueSize: 16, maxEntries: 9 });
  using object = openObject(sample);
  object.setMaxEntries('outer', 99);
  assert.throws(() => object.reuseMap('table', other), failing('BPF_LOAD', 'EINVAL'));
  object.reuseMap('table', shared);
  object.load();
  assert.equal(object.map('outer').info.maxEntries, 99);
  assert.equal(object.map('table').info.id, shared.info.id);
});

test('a program that is not wanted is not loaded', () => {
  using object = openObject(sample);
  object.setAutoload('drop', false);
  object.load();
  assert.throws(() => object.program('drop'), failing('BPF_LOAD'));
  assert.equal(object.program('report').info.name, 'report');
});

test('a program that the verifier refuses is refused with its words', () => {
  using object = openObject(compiled('rejected'));
  assert.throws(
    () => object.load(),
    (error) => {
      if (!failing('BPF_LOAD', 'EACCES')(error)) return false;
      assert.match(error.log ?? '', /invalid access to packet/);
      assert.ok((error.log ?? '').split('\n').length <= 42);
      return true;
    },
  );
  assert.throws(() => object.load(), failing('BPF_LOAD', 'EBUSY'));
});

test('what is no object is refused', () => {
  assert.throws(() => openObject(Buffer.from('not an ELF file')), failing('BPF_OPEN'));
  assert.throws(() => openObject(Buffer.alloc(0)), failing('BPF_OPEN'));
  assert.throws(() => openObject(sample.subarray(0, 700)), failing('BPF_OPEN'));
  assert.throws(() => openObject('/absent.o'), { code: 'ENOENT' });
});

test('maps and programs outlive their object; a closed one is refused', () => {
  const object = openObject(sample);
  object.load();
  const table = object.map('table');
  const report = object.program('report');
  object.close();
  object.close();
  assert.throws(() => object.map('table'), failing('CLOSED'));
  table.put(u32(1), u64(2n));
  assert.equal(report.testRun({ data: packet }).retval, 1);
  table.close();
  report.close();
  assert.throws(() => table.get(u32(1)), failing('CLOSED'));
  assert.throws(() => report.info, failing('CLOSED'));
});

test('a test run gives back packet, context and time', () => {
  using object = openObject(sample);
  object.load();
  using report = object.program('report');
  const ctx = Buffer.alloc(192);
  ctx.set(u32(9), mark);
  const run = report.testRun({ data: Buffer.alloc(100, 7), ctx, repeat: 10 });
  assert.deepEqual(run.dataOut, Buffer.alloc(100, 7));
  assert.equal(run.ctxOut.length, 192);
  assert.equal(numberOf(run.ctxOut, mark), 9);
  assert.ok(run.durationNs > 0);
  assert.equal(report.testRun({ data: packet, dataSizeOut: 0 }).dataOut.length, 0);
  assert.throws(() => report.testRun({ data: Buffer.alloc(3) }), failing('BPF_PROG', 'EINVAL'));
  assert.throws(() => report.testRun({ data: packet, repeat: 0 }), failing('ARGUMENT'));
  assert.throws(() => report.testRun({ data: packet, dataSizeOut: 8 }), failing('BPF_PROG', 'ENOSPC'));
  const { type, tag, verifiedInstructions } = report.info;
  assert.equal(type, 'sched_cls');
  assert.match(tag, /^[0-9a-f]{16}$/);
  assert.ok(verifiedInstructions > 5);
});
