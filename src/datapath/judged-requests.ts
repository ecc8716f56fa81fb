/**
 * Requests that the kernel judged, as flow records. A request and its response come as two records of the ring; the
 * flow is recorded once both are there, or once it is known that no response will be told.
 */

import type { FlowRecord, L7Facts } from '../../proxy/record.ts';
import type { EndpointId, IdentityId } from '../identity/identity.ts';
import { limits } from '../limits.ts';
import type { HttpRuleSet, RuleRef } from '../policy/resolved.ts';
import { flow_key, judged_request, judged_response, record_kind } from './abi.generated.ts';
import { readFlowKey } from './flow-key.ts';
import { ruleAt } from './judge-tables.ts';

export class JudgedRequests {
  readonly #ruleSetOf: (id: number) => HttpRuleSet | undefined;
  readonly #record: (flow: FlowRecord) => void;
  /** Requests whose response was not told yet, by their connection; oldest first. */
  readonly #open = new Map<string, FlowRecord>();

  constructor(ruleSetOf: (id: number) => HttpRuleSet | undefined, record: (flow: FlowRecord) => void) {
    this.#ruleSetOf = ruleSetOf;
    this.#record = record;
  }

  /** @param clockOffset what to add to the kernel's monotonic milliseconds to get the wall clock's */
  read(records: readonly Buffer[], clockOffset: number): void {
    for (const record of records) {
      if (record.readUInt32LE(judged_request.kind.offset) === record_kind.request) this.#request(record, clockOffset);
      else this.#response(record);
    }
  }

  /** Records what has waited longer for its response than any is waited for. */
  expire(now: number): void {
    for (const [key, flow] of this.#open) {
      if (now - flow.time < limits.judgedResponseWaitMs && this.#open.size <= limits.judgedRequestsOpen) return;
      this.#open.delete(key);
      this.#record(flow);
    }
  }

  #request(record: Buffer, clockOffset: number): void {
    const key = keyOf(record, judged_request);
    const earlier = this.#open.get(key);
    if (earlier) {
      this.#open.delete(key);
      this.#record(earlier);
    }
    const flow = readFlowKey(record, judged_request.flow.offset);
    this.#open.set(key, {
      time: Math.round(Number(record.readBigUInt64LE(judged_request.time.offset)) / 1e6 + clockOffset),
      connection: {
        direction: flow.direction,
        endpoint: record.readUInt32LE(judged_request.endpoint.offset) as EndpointId,
        peer: record.readUInt32LE(judged_request.peer.offset) as IdentityId,
        client: flow.client,
        server: flow.server,
      },
      verdict: 'ALLOW',
      ...this.#rule(record),
      l7: factsOf(record),
    });
  }

  #response(record: Buffer): void {
    const key = keyOf(record, judged_response);
    const flow = this.#open.get(key);
    if (!flow) return; // its request was left out by sampling
    this.#open.delete(key);
    const status = record.readUInt32LE(judged_response.status.offset);
    const latencyMs = Number(record.readBigUInt64LE(judged_response.latency.offset)) / 1e6;
    this.#record(status === 0 ? flow : { ...flow, status, latencyMs });
  }

  #rule(record: Buffer): { rule?: RuleRef } {
    const ruleSet = this.#ruleSetOf(record.readUInt32LE(judged_request.rule_set.offset));
    const rule = ruleAt(ruleSet, record.readUInt32LE(judged_request.rule.offset));
    return rule ? { rule } : {};
  }
}

/** One connection, one use of its ports. */
function keyOf(record: Buffer, layout: typeof judged_request | typeof judged_response): string {
  const { flow, generation } = layout;
  return (
    record.toString('latin1', generation.offset, generation.offset + generation.size) +
    record.toString('latin1', flow.offset, flow.offset + flow_key.size)
  );
}

function factsOf(record: Buffer): L7Facts {
  const text = (field: { readonly offset: number; readonly size: number }, length: number): string =>
    record.toString('latin1', field.offset, field.offset + Math.min(field.size, length)) +
    (length > field.size ? '…' : '');
  return {
    protocol: 'http',
    version: 'HTTP/1.1',
    method: text(judged_request.method, record.readUInt16LE(judged_request.method_length.offset)),
    target: text(judged_request.target, record.readUInt16LE(judged_request.target_length.offset)),
    host: text(judged_request.host, record.readUInt16LE(judged_request.host_length.offset)),
  };
}
