/**
 * Flow records on their way to the main thread. The first after a quiet moment goes at once, so that `sluice observe` is
 * as fresh as the traffic; under load they go many at a time, because each message wakes the other thread.
 */

import type { FlowRecord, Recorder } from '../../proxy/record.ts';
import { limits } from '../limits.ts';

export class RecordBatch implements Recorder {
  readonly #send: (records: readonly FlowRecord[]) => void;
  #records: FlowRecord[] = [];
  #resting = false;
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
    if (!this.#resting || this.#records.length >= limits.recordBatch) this.flush();
  }

  flush(): void {
    if (this.#records.length > 0) {
      const records = this.#records;
      this.#records = [];
      this.#send(records);
      this.#rest();
    }
  }

  /** What comes in this time waits for its end. */
  #rest(): void {
    if (this.#resting) return;
    this.#resting = true;
    setTimeout(() => {
      this.#resting = false;
      this.flush();
    }, limits.recordDelayMs);
  }
}
