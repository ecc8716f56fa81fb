/** Counters of what the proxy judged and the kernel reported; the table of names is docs/OPERATIONS.md's. */

import type { FlowRecord } from '../../proxy/record.ts';
import { transportName } from '../observe/flow.ts';
import type { KernelEvent } from '../observe/kernel-event.ts';
import { Counter } from './counter.ts';
import type { Metric } from './metric.ts';

export class TrafficMetrics {
  readonly #requests = new Counter('sluice_requests_total', 'Requests that the proxy judged.', [
    'verdict',
    'reason',
    'protocol',
    'direction',
  ]);
  readonly #responses = new Counter('sluice_responses_total', 'Responses by class of their status.', [
    'protocol',
    'class',
    'direction',
  ]);
  readonly #connections = new Counter('sluice_connections_total', 'Connections that the kernel reported.', [
    'verdict',
    'reason',
    'protocol',
    'direction',
  ]);

  /** @param count how many there were of its kind */
  record(record: FlowRecord, count: number): void {
    const { direction } = record.connection;
    const protocol = record.l7?.protocol ?? 'l7';
    this.#requests.add({ verdict: record.verdict, reason: record.reason ?? '', protocol, direction }, count);
    if (record.status !== undefined && protocol === 'http') {
      this.#responses.add({ protocol, class: `${Math.trunc(record.status / 100)}xx`, direction }, count);
    }
  }

  event(event: KernelEvent): void {
    const { verdict, reason, direction } = event;
    this.#connections.add({ verdict, reason, protocol: transportName(event.protocol), direction });
  }

  metrics(): readonly Metric[] {
    return [this.#requests.metric(), this.#responses.metric(), this.#connections.metric()];
  }
}
