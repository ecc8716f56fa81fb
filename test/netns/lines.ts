/** What a process has written to its standard output, by lines. */

import type { ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Namespace } from './namespace.ts';

export interface Lines {
  readonly all: readonly string[];
}

/** Runs a script beside this file until its end, or its namespace's. */
export function linesOfScript(namespace: Namespace, script: string, ...args: readonly string[]): Lines {
  const path = fileURLToPath(new URL(script, import.meta.url));
  return linesOf(namespace.spawn(process.execPath, [path, ...args], { stdio: ['ignore', 'pipe', 'inherit'] }));
}

export function linesOf(child: ChildProcess): Lines {
  const all: string[] = [];
  onLine(child, (line) => all.push(line));
  return { all };
}

/** Calls with each line once it is whole. */
export function onLine({ stdout }: ChildProcess, deliver: (line: string) => void): void {
  let rest = '';
  stdout?.setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) deliver(line);
  });
}
