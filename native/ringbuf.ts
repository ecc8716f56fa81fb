import { binding, type RingHandle } from './binding.ts';
import type { BpfMap } from './map.ts';

/**
 * Reads a ring buffer on this thread's event loop. Records come in batches of at most 1,024, each a Buffer of its own
 * memory range that the receiver may keep. Reading goes on until `close()`, even when nobody holds this object.
 */
export class RingBuffer implements Disposable {
  readonly #handle: RingHandle;

  /** @throws {NativeError} RINGBUF, ARGUMENT: the map is no ring buffer. What `onRecords` throws is an uncaught exception. */
  constructor(map: BpfMap, onRecords: (records: Buffer[]) => void) {
    this.#handle = binding.ringbufOpen(map.handle, (batch, ends) => {
      // Referring to `this` keeps the handle from being collected as long as the loop reads.
      onRecords(this.#split(batch, ends));
    });
  }

  /** Delivers one batch at once, without the event loop. @returns the records in it */
  consume(): number {
    return binding.ringbufConsume(this.#handle);
  }

  /** Lets the process end while it still reads. */
  unref(): void {
    binding.ringbufKeepAlive(this.#handle, false);
  }

  ref(): void {
    binding.ringbufKeepAlive(this.#handle, true);
  }

  /** Records that were not read stay in the map. */
  close(): void {
    binding.closeHandle(this.#handle);
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #split(batch: Buffer, ends: Uint32Array): Buffer[] {
    const records: Buffer[] = [];
    let from = 0;
    for (const end of ends) {
      records.push(batch.subarray(from, end));
      from = end;
    }
    return records;
  }
}
