/**
 * Fills the cache that bin/sluice gives to Node (NODE_COMPILE_CACHE), so that the first agent starts from it: what TypeScript
 * is without its types, and V8's code for it. What takes the types off costs 15 MiB in every thread that needs it, for as
 * long as the thread lives.
 */

import { flushCompileCache } from 'node:module';

const entries = [
  'src/cli/main.ts',
  'src/agent.ts',
  'src/worker/thread.ts',
  'src/judge/compiler-thread.ts',
  'src/policy/reading-thread.ts',
];
// main.ts runs a command: the one that does least.
process.argv.splice(2, Number.POSITIVE_INFINITY, 'version');
for (const entry of entries) {
  // Entries of threads end with an error here, when all that they import is compiled.
  await import(new URL(`../${entry}`, import.meta.url).href).catch(() => {});
}
flushCompileCache();
