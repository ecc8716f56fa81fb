/** What a process has written to its standard output, by lines. */

import type { ChildProcess } from 'node:child_process';

export interface Lines {
  readonly all: readonly string[];
}

export function linesOf({ stdout }: ChildProcess): Lines {
  const all: string[] = [];
  let rest = '';
  stdout?.setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    all.push(...lines);
  });
  return { all };
}
