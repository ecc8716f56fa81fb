/**
 * Flow records on their way to the main thread. The first after a quiet moment goes at once, so that `sluice observe` is
 * as fresh as the traffic; under load they go many at a time, because each message wakes the other thread.
 */

import type { FlowRecord, Recorder } from '../../proxy/record.ts';
import { limits } from '../limits.ts';
import type { PackedRecords } from './packed-records.ts';
import { RecordPacker } from './record-packer.ts';

export class RecordBatch implements Recorder {
  readonly #send: (records: PackedRecords) => void;
  readonly #packer = new RecordPacker(limits.recordBatch);
  #resting = false;
  #count = 0;

  constructor(send: (records: PackedRecords) => void) {
    this.#send = send;
  }

  /** Recorded since the start. */
  get count(): number {
    return this.#count;
  }

  record(flow: FlowRecord): void {
    this.#count++;
    this.#packer.add(flow);
    if (!this.#resting || this.#packer.count >= limits.recordBatch) this.flush();
  }

  flush(): void {
    if (this.#packer.count > 0) {
      this.#send(this.#packer.take());
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
