/**
 * Forgets connections that ended or fell silent, by the program `expire`, every few seconds. The table may be large, so it is
 * walked in slices, between which the event loop comes to what else there is, takeovers above all.
 */

import type { BpfMap, BpfProgram } from '../../native/index.ts';
import { limits } from '../limits.ts';
import { expiring } from './abi.generated.ts';

export class Expiry {
  readonly #program: BpfProgram;
  readonly #connections: BpfMap;
  #timer: NodeJS.Timeout | undefined;
  /** The way through the table that is not at its end. */
  #slices: Generator<Buffer> | undefined;

  constructor(program: BpfProgram, connections: BpfMap) {
    this.#program = program;
    this.#connections = connections;
  }

  start(): void {
    this.stop();
    this.#timer = setInterval(() => this.#begin(), limits.expireIntervalMs);
  }

  /** Nothing is forgotten any more once this returns. */
  stop(): void {
    clearInterval(this.#timer);
    this.#slices = undefined;
  }

  #begin(): void {
    if (this.#slices) return;
    this.#slices = this.#connections.keySlices(limits.expireSlice);
    this.#goOn();
  }

  #goOn(): void {
    const slice = this.#slices?.next();
    if (!slice || slice.done) {
      this.#slices = undefined;
      return;
    }
    forget(this.#program, slice.value);
    setImmediate(() => this.#goOn());
  }
}

/** Asks about connections whose keys stand side by side. @returns how many were forgotten */
export function forget(program: BpfProgram, keys: Buffer): number {
  let forgotten = 0;
  for (let at = 0; at < keys.length; at += expiring.flows.size) {
    const flows = keys.subarray(at, at + expiring.flows.size);
    const data = Buffer.alloc(expiring.flows.offset + flows.length);
    data.set(flows, expiring.flows.offset);
    forgotten += program.testRun({ data, dataSizeOut: 0 }).retval;
  }
  return forgotten;
}
