/** Commands of the system, started without a stop of this thread: command.cc says why Node's own are not. */

import { binding } from './binding.ts';

export interface Said {
  /** Exit status; null: a signal ended it. */
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs a command to its end, with nothing to read.
 * @param mostBytes that it may say, else it is killed
 * @throws {NativeError} COMMAND: ENOENT where there is no such command, EFBIG where it says more; ARGUMENT
 */
export function runCommand(words: readonly [string, ...string[]], mostBytes: number): Promise<Said> {
  return binding.runCommand(words, mostBytes);
}
