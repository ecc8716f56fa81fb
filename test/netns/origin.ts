/** A real HTTP server in a station, and what it saw. */

import { fileURLToPath } from 'node:url';
import { eventually } from './eventually.ts';
import { onLine } from './lines.ts';
import type { Namespace } from './namespace.ts';

export interface Seen {
  readonly method: string;
  readonly path: string;
  readonly address: string;
  readonly port: number;
  /** Bytes of body. */
  readonly received: number;
}

export class Origin {
  readonly #seen: Seen[] = [];

  /** Runs until its namespace is deleted. `program`: beside this file, with the same output. */
  static async start(namespace: Namespace, port: number, program = 'origin-server.ts'): Promise<Origin> {
    const origin = new Origin();
    const script = fileURLToPath(new URL(program, import.meta.url));
    const child = namespace.spawn(process.execPath, [script, String(port)], { stdio: ['ignore', 'pipe', 'inherit'] });
    let listening = false;
    onLine(child, (line) => {
      const said = JSON.parse(line) as Seen | 'listening';
      if (said === 'listening') listening = true;
      else origin.#seen.push(said);
    });
    await eventually(`the origin listens on port ${port}`, () => listening || undefined);
    return origin;
  }

  get seen(): readonly Seen[] {
    return this.#seen;
  }

  /** Waits for the line of a request that was answered already: the pipe is not in step with the network. */
  async saw(path: string): Promise<Seen> {
    return eventually(`the origin sees ${path}`, () => this.#seen.find((one) => one.path === path), 5_000);
  }
}
