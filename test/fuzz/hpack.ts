/**
 * Compares our HPACK decoder with nghttp2's on random and on damaged header blocks:
 *
 *     scripts/node test/fuzz/hpack.ts [first seed] [seconds]
 *
 * Each seed is one connection. A difference is printed with its seed and ends the run with status 1.
 */

import { difference } from './hpack-compare.ts';
import { Nghttp2 } from './hpack-oracle.ts';

const [first = Date.now() % 1_000_000_000, seconds = 60] = process.argv.slice(2).map(Number);
const oracle = new Nghttp2();
await oracle.start();
const end = Date.now() + seconds * 1_000;
let seed = first;
let found: string | undefined;
for (; Date.now() < end && found === undefined; seed++) found = await difference(seed, oracle);
if (found === undefined) {
  console.log(`seeds ${first} to ${seed - 1}: no difference`);
} else {
  console.log(`seed ${seed - 1}: ${JSON.stringify(found)}`);
  process.exitCode = 1;
}
await oracle.stop();
