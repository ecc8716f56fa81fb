/** What arrives at a station's interface, segment by segment; wire-watch.py says how. */

import { fileURLToPath } from 'node:url';
import { eventually } from './eventually.ts';
import { type Lines, linesOf } from './lines.ts';
import type { Namespace } from './namespace.ts';

export interface Arrived {
  /** Letters of FSRPAU. */
  readonly flags: string;
  /** Of the payload, bytes. */
  readonly length: number;
}

export class WireWatch {
  readonly #lines: Lines;

  private constructor(lines: Lines) {
    this.#lines = lines;
  }

  /** Runs until its namespace is deleted. @param port of either end */
  static async start(namespace: Namespace, port: number): Promise<WireWatch> {
    const script = fileURLToPath(new URL('wire-watch.py', import.meta.url));
    const child = namespace.spawn('python3', [script, 'eth0', String(port)], { stdio: ['pipe', 'pipe', 'inherit'] });
    const watch = new WireWatch(linesOf(child));
    await eventually('the wire is watched', () => (watch.#lines.all[0] === 'ready' ? true : undefined));
    return watch;
  }

  get arrived(): readonly Arrived[] {
    return this.#lines.all.slice(1).map((line) => JSON.parse(line) as Arrived);
  }
}
