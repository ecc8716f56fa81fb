/**
 * Holds the kernel's judge against the proxy's scanner and `decide()`, through the BPF program itself (root):
 * `scripts/node test/fuzz/judge.ts [million heads] [seed]`. Same seed, same heads; a difference prints the seed of its
 * round of 2,000.
 */

import { Comparison } from './judge-compare.ts';

const heads = Number(process.argv[2] ?? 1) * 1_000_000;
const firstSeed = Number(process.argv[3] ?? 1);

using comparison = new Comparison();
const { counts } = comparison;
const differences = comparison.vectors();
const begun = Date.now();
let seed = firstSeed;
for (; counts.heads < heads && differences.length < 20; seed++) differences.push(...comparison.round(seed));
for (const difference of differences) console.error(difference);
const seconds = (Date.now() - begun) / 1000;
console.log(
  `seeds ${firstSeed} to ${seed - 1}: ${counts.heads} heads under ${counts.ruleSets} rule sets, ${counts.accepted} accepted, ` +
    `${differences.length} differences; ${counts.plainAccepted} of ${counts.plain} allowed plain requests accepted ` +
    `(${((100 * counts.plainAccepted) / counts.plain).toFixed(2)} %); ${Math.round(counts.heads / seconds)} heads/s`,
);
process.exitCode = differences.length === 0 ? 0 : 1;
