/** Work for which a connection waits, at a higher weight than what else wants the processor. */

import { getPriority, setPriority } from 'node:os';
import { limits } from '../limits.ts';

let permitted = true;

/**
 * Linux has a nice value a thread (setpriority(2), sched(7)), and 0 is the one that calls. It is put back at once: what the
 * thread does otherwise is not urgent, and the threads and processes that it makes would inherit it. Without CAP_SYS_NICE the
 * work is done all the same, at the ordinary weight.
 */
export function urgently(work: () => void): void {
  const ordinary = getPriority();
  permitted &&= change(limits.takeoverNice);
  try {
    work();
  } finally {
    if (permitted) change(ordinary);
  }
}

/** @returns false: it is not allowed */
function change(nice: number): boolean {
  try {
    setPriority(nice);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ERR_SYSTEM_ERROR') return false;
    throw error;
  }
}
