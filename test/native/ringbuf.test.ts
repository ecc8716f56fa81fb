import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type BpfMap, type BpfObject, openObject, RingBuffer } from '../../native/index.ts';
import { eventually } from '../netns/eventually.ts';
import { compiled, numberOf, u32 } from './compiled.ts';
import { failing } from './failing.ts';

const sample = compiled('sample');
const index = fileURLToPath(new URL('../../native/index.ts', import.meta.url));

interface Scene {
  readonly object: BpfObject;
  readonly events: BpfMap;
  /** Makes records of a constant and a packet's length. */
  readonly send: (length: number, repeat?: number) => void;
}

function sceneOf(t: TestContext): Scene {
  const object = openObject(sample);
  t.after(() => object.close());
  object.setRodata('first_constant', u32(41));
  object.load();
  const [events, report] = [object.map('events'), object.program('report')];
  return { object, events, send: (length, repeat = 1) => report.testRun({ data: Buffer.alloc(length), repeat }) };
}

test('records come on the event loop, in order, in memory that may be kept', async (t) => {
  const { events, send } = sceneOf(t);
  const records: Buffer[] = [];
  using _ring = new RingBuffer(events, (batch) => records.push(...batch));
  for (const length of [60, 61, 62]) send(length);
  assert.equal(records.length, 0, 'never within the call');
  await eventually('three records', () => records.length >= 3 || undefined);
  send(63);
  await eventually('a fourth', () => records.length >= 4 || undefined);
  assert.deepEqual(
    records.map((record) => [record.length, numberOf(record), numberOf(record, 4)]),
    [60, 61, 62, 63].map((length) => [8, 41, length]),
  );
});

test('a flood comes in batches of at most 1,024, and none is lost', async (t) => {
  const { events, send } = sceneOf(t);
  const batches: number[] = [];
  using ring = new RingBuffer(events, (batch) => batches.push(batch.length));
  const sum = (): number => batches.reduce((all, one) => all + one, 0);
  send(64, 5000);
  assert.equal(ring.consume(), 1024, 'at once, when it is asked to');
  await eventually('all records', () => sum() >= 5000 || undefined);
  assert.equal(sum(), 5000);
  assert.equal(Math.max(...batches), 1024);
  assert.equal(ring.consume(), 0);
});

test('nothing comes after close, which the callback may call; the next reader goes on', async (t) => {
  const { events, send } = sceneOf(t);
  let calls = 0;
  const ring: RingBuffer = new RingBuffer(events, () => {
    calls++;
    ring.close();
  });
  send(60);
  await eventually('the first record', () => calls > 0 || undefined);
  send(61);
  const lengths: number[] = [];
  using _second = new RingBuffer(events, (batch) => lengths.push(...batch.map((record) => numberOf(record, 4))));
  await eventually('the second record', () => lengths.length > 0 || undefined);
  assert.deepEqual([calls, lengths], [1, [61]]);
  assert.throws(() => ring.consume(), failing('CLOSED'));
  assert.throws(() => ring.unref(), failing('CLOSED'));
  ring.close();
});

test('what is no ring buffer is refused', (t) => {
  const { object } = sceneOf(t);
  using table = object.map('table');
  assert.throws(() => new RingBuffer(table, () => undefined), failing('ARGUMENT'));
  const closed = object.map('events');
  closed.close();
  assert.throws(() => new RingBuffer(closed, () => undefined), failing('CLOSED'));
});

/** Runs a script with an open ring buffer `ring`. */
function runWith(script: string): { status: number | null; stderr: string } {
  const { status, stderr } = spawnSync(
    process.execPath,
    [
      '--input-type=module',
      '-e',
      `import { BpfMap, RingBuffer } from ${JSON.stringify(index)};
       const map = BpfMap.create({ type: 'ringbuf', name: 'ring', keySize: 0, valueSize: 0, maxEntries: 4096 });
       ${script}`,
    ],
    { encoding: 'utf8', timeout: 20_000 },
  );
  return { status, stderr };
}

test('lets the process end when it is asked to, and as it ends with it open', () => {
  assert.equal(runWith('new RingBuffer(map, () => {}).unref();').status, 0);
  assert.equal(runWith('new RingBuffer(map, () => {}); process.exit(3);').status, 3);
  // Not collected while it reads, though nobody holds it: only the timer ends the process.
  assert.equal(runWith('new RingBuffer(map, () => {}); setTimeout(() => process.exit(4), 100);').status, 4);
});
