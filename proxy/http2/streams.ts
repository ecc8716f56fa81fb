/** The streams of one connection (RFC 9113 section 5.1), as far as the relay has to tell them apart. */

import type { RuleRef } from '../../src/policy/resolved.ts';
import type { GrpcCall } from '../grpc/call.ts';
import type { DenyReason } from '../record.ts';

/** What a flow record says of the decision that let a request pass. */
export type Passed =
  | { readonly verdict: 'ALLOW'; readonly rule: RuleRef; readonly detail?: string }
  | { readonly verdict: 'AUDIT'; readonly reason: DenyReason; readonly detail: string };

/** A request that went on to the server and is not over. */
export interface Stream {
  readonly id: number;
  /** Who may still send. */
  clientOpen: boolean;
  serverOpen: boolean;
  /** Octets of DATA that its content-length still promises; -1: it gave none. */
  bodyLeft: number;
  readonly time: number;
  readonly decision: Passed;
  readonly method: string;
  readonly target: string;
  readonly host: string;
  readonly grpc: GrpcCall | undefined;
  /** The final response's head has been seen. */
  answered: boolean;
  status: number;
  latencyMs: number;
  /** The flow record is written. */
  recorded: boolean;
}

/** What a rule puts into headers stays with the rule. */
export function withoutSecrets(stream: Stream): Stream {
  const { verdict, detail } = stream.decision;
  const said = detail === undefined ? {} : { detail };
  if (verdict === 'AUDIT')
    return { ...stream, decision: { verdict, reason: stream.decision.reason, detail: stream.decision.detail } };
  return { ...stream, decision: { verdict, rule: stream.decision.rule, ...said } };
}

export class Streams {
  /** Shown to the server, and at least one side may still send. */
  readonly live = new Map<number, Stream>();
  /** The highest that the client opened. */
  highest = 0;
  /**
   * A request was kept from the server, or changed on its way: from then on the server's HPACK table is not the one
   * that the client's blocks refer to, and streams exist that the server has never seen.
   */
  diverged = false;

  constructor(from?: { readonly highest: number; readonly diverged: boolean; readonly live: readonly Stream[] }) {
    if (!from) return;
    this.highest = from.highest;
    this.diverged = from.diverged;
    for (const stream of from.live) this.live.set(stream.id, stream);
  }

  /**
   * Frames of the client on this stream go nowhere: the server never saw it, or it is over. While nothing has diverged,
   * late frames reach the server as the client sent them.
   */
  hidden(id: number): boolean {
    return this.diverged && !this.live.has(id);
  }

  /** Never opened. */
  idle(id: number): boolean {
    return id > this.highest;
  }
}
