/** Load from a namespace, and what became of every request of it. */

import { eventually } from './eventually.ts';
import type { Namespace } from './namespace.ts';
import { ReportingClient } from './reporting-client.ts';

export interface LoadOrder {
  readonly connections: number;
  /** `http://host:port`. */
  readonly base: string;
  /** Asked for in turn by every connection. One that ends in `?chunked` is asked for by POST, with a body in chunks. */
  readonly paths: readonly string[];
  /** Asked for once, first, by every connection. */
  readonly opening?: string;
  /** Between a response and the next request on its connection; absent: none. */
  readonly pauseMs?: number;
  /** For which an answer is waited; absent: 15 s. */
  readonly timeoutMs?: number;
  /** Absent: until stopped. */
  readonly requestsEach?: number;
  /** The final report says how long answers took. */
  readonly timed?: boolean;
}

export interface LoadReport {
  readonly final: boolean;
  /** `path status` → count. */
  readonly statuses: Readonly<Record<string, number>>;
  /** `path error code` → count: requests that got no whole response. */
  readonly failures: Readonly<Record<string, number>>;
  /** `path status` → from a request to its whole response, milliseconds, of those that were `timed`. */
  readonly latencies: Readonly<Record<string, Latency>>;
}

export interface Latency {
  readonly p50: number;
  readonly p99: number;
}

export class Load extends ReportingClient<LoadReport> {
  constructor(namespace: Namespace, order: LoadOrder) {
    super(namespace, 'load-client.ts', order);
  }

  /** Waits until `count` more requests ended with this status. */
  async further(path: string, status: number, count: number, deadlineMs?: number): Promise<void> {
    const key = `${path} ${status}`;
    const start = (await this.report()).statuses[key] ?? 0;
    await eventually(
      `${count} more of ${key}`,
      async () => (((await this.report()).statuses[key] ?? 0) >= start + count ? true : undefined),
      deadlineMs,
    );
  }
}
