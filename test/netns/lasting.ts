/** HTTP/2, gRPC and WebSocket from a namespace over connections that last, and what became of each. */

import type { ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { eventually } from './eventually.ts';
import type { Namespace } from './namespace.ts';

export interface LastingOrder {
  /** Of each protocol. */
  readonly connections: number;
  /** Of each HTTP/2 connection, at once. */
  readonly streams: number;
  readonly server: string;
  /** Ports. */
  readonly http2: number;
  readonly grpc: number;
  readonly webSocket: number;
}

export interface LastingReport {
  readonly final: boolean;
  /** Requests, calls and messages that ended as they would without an agent, or with a denial. */
  readonly done: Readonly<Record<string, number>>;
  /** All else: connections that ended by themselves, what they announced, requests without an answer. */
  readonly ended: Readonly<Record<string, number>>;
}

/** Of each protocol what shows that it goes on. */
const signs = ['http2 /public 200', 'http2 /secret 403', 'grpc Unary OK', 'grpc message', 'websocket message'];

export class Lasting {
  readonly #child: ChildProcess;
  #last: LastingReport = { final: false, done: {}, ended: {} };

  constructor(namespace: Namespace, order: LastingOrder) {
    const script = fileURLToPath(new URL('lasting-client.ts', import.meta.url));
    this.#child = namespace.spawn(process.execPath, [script], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    this.#child.on('message', (report: LastingReport) => {
      this.#last = report;
    });
    this.#child.send(order);
  }

  async report(): Promise<LastingReport> {
    const before = this.#last;
    this.#child.send('report');
    return eventually('the client reports', () => (this.#last === before ? undefined : this.#last));
  }

  /** Waits until `count` more of everything came about. */
  async further(count: number): Promise<void> {
    const before = (await this.report()).done;
    await eventually(
      `${count} more of everything`,
      async () => {
        const { done } = await this.report();
        return signs.every((sign) => (done[sign] ?? 0) >= (before[sign] ?? 0) + count) || undefined;
      },
      60_000,
    );
  }

  async stop(): Promise<LastingReport> {
    this.#child.send('stop');
    return eventually('the client ends', () => (this.#last.final ? this.#last : undefined), 60_000);
  }
}
