import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { getPriority } from 'node:os';
import { test } from 'node:test';
import { urgently } from '../../../src/datapath/urgent.ts';
import { limits } from '../../../src/limits.ts';

/** Nice value by thread; field 19 of proc_pid_stat(5). */
function niceValues(): Map<string, number> {
  const of = (thread: string): number => {
    const fields = readFileSync(`/proc/self/task/${thread}/stat`, 'latin1')
      .replace(/^.*\) /, '')
      .split(' ');
    return Number(fields[19 - 3]);
  };
  return new Map(readdirSync('/proc/self/task').map((thread) => [thread, of(thread)]));
}

test('urgent work raises the weight of its own thread, for as long as it takes', () => {
  const ordinary = niceValues();
  let inside = new Map<string, number>();
  urgently(() => {
    inside = niceValues();
  });
  const self = String(process.pid);
  const mayRaise = process.geteuid?.() === 0;
  assert.equal(inside.get(self), mayRaise ? limits.takeoverNice : ordinary.get(self));
  for (const [thread, nice] of inside) if (thread !== self) assert.equal(nice, ordinary.get(thread) ?? nice);
  assert.deepEqual(niceValues().get(self), ordinary.get(self));
});

test('it is put back after an error', () => {
  const ordinary = getPriority();
  assert.throws(() =>
    urgently(() => {
      throw new Error('of the work');
    }),
  );
  assert.equal(getPriority(), ordinary);
});
