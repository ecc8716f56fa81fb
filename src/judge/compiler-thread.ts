/** Compiles rule sets for the kernel's judge beside the agent's main thread. Started by src/datapath/judge-compiler.ts. */

import { parentPort } from 'node:worker_threads';
import type { HttpRuleSet } from '../policy/resolved.ts';
import { compileJudge } from './compile.ts';
import { type EncodedTable, encodeTable } from './table.ts';

const port = parentPort;
if (!port)
  throw new Error('src/judge/compiler-thread.ts is the entry of a thread; src/datapath/judge-compiler.ts starts it');

/** Answers each rule set with its table; undefined: the kernel can't judge by it. */
port.on('message', (ruleSet: HttpRuleSet) => {
  const compiled = compileJudge(ruleSet);
  if ('skipped' in compiled) {
    port.postMessage(undefined);
    return;
  }
  const table: EncodedTable = { cells: compiled.table.cells.length, value: encodeTable(compiled.table) };
  port.postMessage(table, [table.value.buffer]);
});
