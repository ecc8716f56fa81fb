/** One request and what becomes of it, in the order in which the client's answers are due. */

import type { Connection } from '../connection.ts';
import type { HttpDecision } from '../decide.ts';
import type { FlowRecord } from '../record.ts';
import type { CloseCause } from '../relay.ts';
import type { RequestHead } from './request-head.ts';

export interface ForwardedExchange {
  readonly kind: 'forwarded';
  readonly head: RequestHead;
  readonly decision: Exclude<HttpDecision, { readonly verdict: 'DENY' }>;
  readonly time: number;
}

/** Answered by ourselves, once all that was asked before is answered. */
export interface LocalExchange {
  readonly kind: 'local';
  readonly answer: Uint8Array;
  /** Why the connection ends after it, if it does. */
  readonly close: CloseCause | undefined;
}

export type Exchange = ForwardedExchange | LocalExchange;

/** @param status of the response; absent when none came */
export function recordForwarded(connection: Connection, exchange: ForwardedExchange, status?: number): void {
  const { decision, head, time } = exchange;
  connection.recorder.record({
    time,
    connection: connection.facts,
    verdict: decision.verdict,
    ...(decision.verdict === 'ALLOW' ? { rule: decision.rule } : { reason: decision.reason }),
    ...(decision.detail !== undefined && { detail: decision.detail }),
    l7: l7(head),
    ...(status !== undefined && { status, latencyMs: connection.now() - time }),
  });
}

/** @param status of our answer; absent when there is none */
export function recordDenied(
  connection: Connection,
  head: RequestHead,
  decision: Extract<HttpDecision, { readonly verdict: 'DENY' }>,
  status?: number,
): void {
  connection.recorder.record({
    time: connection.now(),
    connection: connection.facts,
    verdict: 'DENY',
    reason: decision.reason,
    detail: decision.detail,
    l7: l7(head),
    ...(status !== undefined && { status, latencyMs: 0 }),
  });
}

/** What came is no request, or not one that is taken. */
export function recordRefused(
  connection: Connection,
  reason: 'malformed' | 'limit' | 'unsupported',
  detail: string,
): void {
  const { facts, recorder } = connection;
  recorder.record({ time: connection.now(), connection: facts, verdict: 'DENY', reason, detail, status: 400 });
}

function l7({ version, method, target, host }: RequestHead): NonNullable<FlowRecord['l7']> {
  return { protocol: 'http', version, method, target, host };
}
