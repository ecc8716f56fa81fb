/** A client in a namespace that works on one order, and reports what became of it: so far when it is asked, and at its end. */

import type { ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { eventually } from './eventually.ts';
import type { Namespace } from './namespace.ts';

export class ReportingClient<Report extends { readonly final: boolean }> {
  readonly #child: ChildProcess;
  #last: Report | undefined;

  /** @param program beside this file: gets the order, `report` and `stop` as messages */
  constructor(namespace: Namespace, program: string, order: object) {
    const script = fileURLToPath(new URL(program, import.meta.url));
    this.#child = namespace.spawn(process.execPath, [script], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    this.#child.on('message', (report: Report) => {
      this.#last = report;
    });
    this.#child.send(order);
  }

  /** So far. */
  async report(): Promise<Report> {
    const before = this.#last;
    this.#child.send('report');
    return eventually('the client reports', () => (this.#last === before ? this.#alive() : this.#last));
  }

  async stop(deadlineMs?: number): Promise<Report> {
    this.#child.send('stop');
    return this.end(deadlineMs);
  }

  /** Waits until it has carried out its order. */
  async end(deadlineMs = 60_000): Promise<Report> {
    return eventually('the client ends', () => (this.#last?.final ? this.#last : this.#alive()), deadlineMs);
  }

  #alive(): undefined {
    if (this.#child.exitCode !== null) throw new Error(`the client ended with ${this.#child.exitCode}`);
  }
}
