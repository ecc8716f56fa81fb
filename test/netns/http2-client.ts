/** One HTTP/2 connection from a namespace, over which a test asks what it likes, also at the same time. */

import type { ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Namespace } from './namespace.ts';

/** Whose implementation speaks. */
export type Client = 'node' | 'undici';

export interface Ask {
  readonly method: string;
  readonly path: string;
  /** Octets of body; absent: none. */
  readonly upload?: number;
  /** A WebSocket that sends this and ends after the echo; `method` is CONNECT. */
  readonly echo?: string;
}

export interface Reply {
  /** 0: there was none. */
  readonly status: number;
  readonly type: string;
  /** Octets of body. */
  readonly received: number;
  /** The start of the body. */
  readonly text: string;
  /** Of the connection; 0 where the client does not tell. */
  readonly localPort: number;
  readonly error?: string;
}

export class Http2Client {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, (reply: Reply) => void>();
  #asked = 0;

  /** `base`: `http://host:port`. */
  constructor(namespace: Namespace, client: Client, base: string) {
    const script = fileURLToPath(new URL('http2-client-process.ts', import.meta.url));
    const stdio = ['ignore', 'inherit', 'inherit', 'ipc'] as const;
    this.#child = namespace.spawn(process.execPath, [script, client, base], { stdio: [...stdio] });
    this.#child.on('message', ({ id, reply }: { id: number; reply: Reply }) => {
      this.#waiting.get(id)?.(reply);
      this.#waiting.delete(id);
    });
    this.#child.once('exit', (code) => {
      const reply = {
        status: 0,
        type: '',
        received: 0,
        text: '',
        localPort: 0,
        error: `the client ended with ${code}`,
      };
      for (const settle of this.#waiting.values()) settle(reply);
    });
  }

  ask(ask: Ask): Promise<Reply> {
    const id = ++this.#asked;
    return new Promise((resolve) => {
      this.#waiting.set(id, resolve);
      this.#child.send({ id, ask });
    });
  }

  get(path: string): Promise<Reply> {
    return this.ask({ method: 'GET', path });
  }
}
