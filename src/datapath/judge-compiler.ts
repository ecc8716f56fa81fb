/**
 * The thread that compiles what would stop the agent's own for too long: 10,000 rules take a second. It is there only while
 * something waits for it.
 */

import { Worker } from 'node:worker_threads';
import type { EncodedTable } from '../judge/table.ts';
import type { HttpRuleSet } from '../policy/resolved.ts';

/** @param table undefined: the kernel can't judge by the rule set */
export type Compiled = (ruleSet: HttpRuleSet, table: EncodedTable | undefined) => void;

export class JudgeCompiler {
  readonly #deliver: Compiled;
  #waiting: readonly HttpRuleSet[] = [];
  #running: HttpRuleSet | undefined;
  #thread: Worker | undefined;

  constructor(deliver: Compiled) {
    this.#deliver = deliver;
  }

  /** Compiles these, one after the other, and no longer what waited before. */
  compile(ruleSets: readonly HttpRuleSet[]): void {
    this.#waiting = ruleSets.filter(({ key }) => key !== this.#running?.key);
    if (!this.#running) this.#next();
  }

  get pending(): number {
    return this.#waiting.length + (this.#running ? 1 : 0);
  }

  close(): void {
    this.#waiting = [];
    this.#end();
  }

  #next(): void {
    const [ruleSet, ...rest] = this.#waiting;
    if (!ruleSet) {
      this.#end();
      return;
    }
    this.#waiting = rest;
    this.#running = ruleSet;
    this.#thread ??= this.#start();
    this.#thread.postMessage(ruleSet);
  }

  #start(): Worker {
    const thread = new Worker(new URL('../judge/compiler-thread.ts', import.meta.url));
    // Nobody waits for a table: an agent that has to end ends.
    thread.unref();
    thread.on('message', (table: EncodedTable | undefined) => this.#done(table));
    // E.g. no memory left: requests under this rule set are the proxy's, and a new thread has the next one.
    thread.once('error', () => {
      if (this.#thread !== thread) return;
      this.#thread = undefined;
      this.#done(undefined);
    });
    return thread;
  }

  #done(table: EncodedTable | undefined): void {
    const ruleSet = this.#running;
    if (!ruleSet) return;
    this.#running = undefined;
    this.#deliver(ruleSet, table);
    this.#next();
  }

  #end(): void {
    const thread = this.#thread;
    this.#thread = undefined;
    this.#running = undefined;
    void thread?.terminate();
  }
}
