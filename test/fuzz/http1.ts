/**
 * Compares our framing of HTTP/1.1 requests with llhttp's and http-parser-js's:
 * `scripts/node test/fuzz/http1.ts [minutes] [seed]`. Same seed, same bytes; a difference prints the seed of its round.
 */

import { difference, framedByHttpParserJs, framedByLlhttp, framedBySluice } from '../unit/http1/framing.ts';
import { Random, stream } from '../unit/http1/mutations.ts';

const minutes = Number(process.argv[2] ?? 1);
const firstSeed = Number(process.argv[3] ?? 1);
const until = Date.now() + minutes * 60_000;

let seed = firstSeed;
let streams = 0;
let messages = 0;
let differences = 0;
for (; Date.now() < until && differences < 20; seed++) {
  const random = new Random(seed);
  for (let round = 0; round < 1000; round++) {
    const bytes = stream(random);
    const ours = framedBySluice(bytes);
    streams += 1;
    messages += ours.messages.length;
    for (const oracle of [framedByLlhttp, framedByHttpParserJs]) {
      const found = difference(ours, oracle(bytes.subarray(0, ours.length)));
      if (found === undefined) continue;
      differences += 1;
      console.error(`seed ${seed}, ${oracle.name}: ${found}\n${JSON.stringify(bytes.toString('latin1'))}`);
    }
  }
}
console.log(`seeds ${firstSeed} to ${seed - 1}: ${streams} streams, ${messages} messages, ${differences} differences`);
process.exitCode = differences === 0 ? 0 : 1;
