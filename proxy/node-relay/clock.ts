/** A coarse clock for long timeouts: a thread reads the time once a tick for all its relays, not once an event. */

/** Long against one turn over some thousand relays, short against any timeout in minutes. */
const tickMs = 500;

export interface Ticking {
  onTick(now: number): void;
}

const all = new Set<Ticking>();
let timer: NodeJS.Timeout | undefined;
let time = 0;

/** Milliseconds of a monotonic clock at the last tick. */
export function coarseNow(): number {
  return time;
}

export function startTicking(ticking: Ticking): void {
  all.add(ticking);
  if (timer !== undefined) return;
  time = performance.now();
  timer = setInterval(tick, tickMs).unref();
}

export function stopTicking(ticking: Ticking): void {
  all.delete(ticking);
  if (all.size > 0) return;
  clearInterval(timer);
  timer = undefined;
}

function tick(): void {
  time = performance.now();
  for (const ticking of all) ticking.onTick(time);
}
