/** Waiting for a condition, never for a time. */

import { setTimeout as pause } from 'node:timers/promises';

/**
 * Asks until the answer is not `undefined`.
 * @throws {Error} naming `what` when it did not come about within `deadlineMs`.
 */
export async function eventually<T>(
  what: string,
  ask: () => T | undefined | Promise<T | undefined>,
  deadlineMs = 15_000,
): Promise<T> {
  const end = Date.now() + deadlineMs;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (Date.now() > end) throw new Error(`${what}: not within ${deadlineMs} ms`);
    await pause(20);
  }
}
