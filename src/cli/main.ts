/**
 * Entry of the command line. Exit code 0: done; 1: failed, with one paragraph on standard error that names the cause and
 * the next step; 2: called wrongly.
 */

import { CommanderError } from 'commander';
import { program } from './program.ts';

// `sluice observe | head` ends when head has enough.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));

try {
  await program().parseAsync();
} catch (error) {
  process.exitCode = report(error);
}

/** @returns the exit code. */
function report(error: unknown): number {
  // Commander has said what is wrong already; `--help` and `--version` come here too, with code 0.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  process.stderr.write(`sluice: ${error instanceof Error ? error.message : String(error)}\n`);
  // These are never the operator's doing: whoever gets the report needs the place.
  const ours = error instanceof TypeError || error instanceof RangeError || error instanceof ReferenceError;
  if (ours && error.stack !== undefined) process.stderr.write(`${error.stack}\n`);
  return 1;
}
