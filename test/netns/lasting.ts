/** HTTP/2, gRPC and WebSocket from a namespace over connections that last, and what became of each. */

import { eventually } from './eventually.ts';
import type { Namespace } from './namespace.ts';
import { ReportingClient } from './reporting-client.ts';

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

export class Lasting extends ReportingClient<LastingReport> {
  constructor(namespace: Namespace, order: LastingOrder) {
    super(namespace, 'lasting-client.ts', order);
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
}
