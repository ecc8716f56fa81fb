/** Where others ask the agent: its admin socket and, if wanted, its metrics address. */

import { type AdminServer, startAdmin } from './admin/server.ts';
import { adminSocketPath } from './admin/socket-path.ts';
import type { AgentOptions } from './agent-options.ts';
import type { AgentReport, Reported } from './agent-report.ts';
import type { Log } from './log.ts';
import { type MetricsServer, serveMetrics } from './metrics/server.ts';

export class Doors {
  readonly #options: AgentOptions;
  readonly #report: AgentReport;
  readonly #log: Log;
  #admin: AdminServer | undefined;
  #metrics: MetricsServer | undefined;

  constructor(options: AgentOptions, report: AgentReport, log: Log) {
    this.#options = options;
    this.#report = report;
    this.#log = log;
  }

  /** @throws {Error} when the address can't be listened on */
  async openMetrics(): Promise<void> {
    const { metrics } = this.#options;
    if (metrics === undefined || this.#metrics) return;
    this.#metrics = await serveMetrics(metrics, () => this.#report.metrics());
    this.#log.info('serving metrics', { address: metrics });
  }

  /** In place of whoever had the socket before. */
  async openAdmin(agent: Reported): Promise<void> {
    this.#admin ??= await startAdmin(adminSocketPath(this.#options.instance), this.#report.view(agent), this.#log);
  }

  async close(): Promise<void> {
    const [admin, metrics] = [this.#admin, this.#metrics];
    this.#admin = undefined;
    this.#metrics = undefined;
    await Promise.all([admin?.close(), metrics?.close()]);
  }
}
