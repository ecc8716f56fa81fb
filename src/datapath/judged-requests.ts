/**
 * Requests that the kernel judged, as flow records. A request and its response come as two records of the ring; the
 * flow is recorded once both are there, or once it is known that no response will be told. Most flows are forgotten
 * before anybody looks at them, so here they are only matched; what they say is read when it is asked for.
 */

import type { FlowRecord, L7Facts } from '../../proxy/record.ts';
import type { EndpointId, IdentityId } from '../identity/identity.ts';
import { limits } from '../limits.ts';
import type { HttpRuleSet } from '../policy/resolved.ts';
import { flow_key, judged_request, judged_response, record_kind } from './abi.generated.ts';
import { readFlowKey } from './flow-key.ts';
import { ruleAt } from './judge-tables.ts';

interface Open {
  /** `struct judged_request` */
  readonly request: Buffer;
  /** Under which it was judged. */
  readonly ruleSet: HttpRuleSet | undefined;
  /** See `read`. */
  readonly clockOffset: number;
  /** When it was read, ms. */
  readonly since: number;
}

export class JudgedRequests {
  readonly #ruleSetOf: (id: number) => HttpRuleSet | undefined;
  readonly #record: (made: () => FlowRecord) => void;
  /** Requests whose response was not told yet, by their connection; oldest first. */
  readonly #open = new Map<string, Open>();

  constructor(ruleSetOf: (id: number) => HttpRuleSet | undefined, record: (made: () => FlowRecord) => void) {
    this.#ruleSetOf = ruleSetOf;
    this.#record = record;
  }

  /** @param clockOffset what to add to the kernel's monotonic milliseconds to get the wall clock's */
  read(records: readonly Buffer[], clockOffset: number): void {
    const now = Date.now();
    for (const record of records) {
      if (record.readUInt32LE(judged_request.kind.offset) === record_kind.request) {
        const ruleSet = this.#ruleSetOf(record.readUInt32LE(judged_request.rule_set.offset));
        this.#request({ request: record, ruleSet, clockOffset, since: now });
      } else {
        this.#response(record);
      }
    }
  }

  /** Records what has waited longer for its response than any is waited for. */
  expire(now: number): void {
    for (const [key, open] of this.#open) {
      if (now - open.since < limits.judgedResponseWaitMs && this.#open.size <= limits.judgedRequestsOpen) return;
      this.#open.delete(key);
      this.#record(() => flowOf(open));
    }
  }

  #request(open: Open): void {
    const key = keyOf(open.request, judged_request);
    const earlier = this.#open.get(key);
    if (earlier) {
      this.#open.delete(key);
      this.#record(() => flowOf(earlier));
    }
    this.#open.set(key, open);
  }

  #response(response: Buffer): void {
    const key = keyOf(response, judged_response);
    const open = this.#open.get(key);
    if (!open) return; // its request was left out by sampling
    this.#open.delete(key);
    this.#record(() => flowOf(open, response));
  }
}

/** One connection, one use of its ports: generation and flow stand side by side. */
function keyOf(record: Buffer, { generation, flow }: typeof judged_request | typeof judged_response): string {
  return record.toString('latin1', generation.offset, flow.offset + flow_key.size);
}

/** @param response `struct judged_response`, where one was told */
function flowOf({ request, ruleSet, clockOffset }: Open, response?: Buffer): FlowRecord {
  const flow = readFlowKey(request, judged_request.flow.offset);
  const rule = ruleAt(ruleSet, request.readUInt32LE(judged_request.rule.offset));
  return {
    time: Math.round(Number(request.readBigUInt64LE(judged_request.time.offset)) / 1e6 + clockOffset),
    connection: {
      direction: flow.direction,
      endpoint: request.readUInt32LE(judged_request.endpoint.offset) as EndpointId,
      peer: request.readUInt32LE(judged_request.peer.offset) as IdentityId,
      client: flow.client,
      server: flow.server,
    },
    verdict: 'ALLOW',
    ...(rule && { rule }),
    l7: factsOf(request),
    ...(response && answerOf(response)),
  };
}

function answerOf(response: Buffer): Pick<FlowRecord, 'status' | 'latencyMs'> {
  const status = response.readUInt32LE(judged_response.status.offset);
  if (status === 0) return {};
  return { status, latencyMs: Number(response.readBigUInt64LE(judged_response.latency.offset)) / 1e6 };
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
