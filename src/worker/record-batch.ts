/** Flow records on their way to the main thread: those of one turn of the event loop in one message. */

import type { FlowRecord, Recorder } from '../../proxy/record.ts';
import { limits } from '../limits.ts';

export class RecordBatch implements Recorder {
  readonly #send: (records: readonly FlowRecord[]) => void;
  #records: FlowRecord[] = [];
  #flushing: NodeJS.Immediate | undefined;
  #count = 0;

  constructor(send: (records: readonly FlowRecord[]) => void) {
    this.#send = send;
  }

  /** Recorded since the start. */
  get count(): number {
    return this.#count;
  }

  record(flow: FlowRecord): void {
    this.#count++;
    this.#records.push(flow);
    if (this.#records.length >= limits.recordBatch) this.flush();
    else this.#flushing ??= setImmediate(() => this.flush());
  }

  flush(): void {
    clearImmediate(this.#flushing);
    this.#flushing = undefined;
    if (this.#records.length === 0) return;
    const records = this.#records;
    this.#records = [];
    this.#send(records);
  }
}
