/** After a 101: both ends speak what nobody reads, for as long as the request that asked for it would be allowed. */

import type { Connection } from '../connection.ts';
import { compileHttpRules, type HttpDecision } from '../decide.ts';
import type { ProtocolProgress } from '../progress.ts';
import type { Boundary, CloseCause, Protocol } from '../relay.ts';
import { recordDenied } from './exchange.ts';
import { type RequestHead, scanRequestHead } from './request-head.ts';

/** @param head of the request, as it came @throws {Error} when it is none */
export function goOnTunnelling(connection: Connection, head: string): Protocol {
  const scan = scanRequestHead(Buffer.from(head, 'latin1'));
  if (scan.kind !== 'head') throw new Error('a tunnel was handed over without the request that asked for it');
  const tunnel = new Tunnel(connection, scan.head);
  tunnel.begin(0);
  return tunnel;
}

export class Tunnel implements Protocol {
  readonly #connection: Connection;
  readonly #request: RequestHead;

  constructor(connection: Connection, request: RequestHead) {
    this.#connection = connection;
    this.#request = request;
  }

  /** It may have been asked for under rules that are gone. @param left bytes of the 101 that have not passed */
  begin(left: number): void {
    if (!this.#isAllowed()) return;
    const { downstream, upstream } = this.#connection.relay;
    upstream.forward(left);
    upstream.tunnel();
    downstream.tunnel();
  }

  onDownstream(): void {}

  onUpstream(): void {}

  onDrain(): void {}

  onTimer(): void {}

  onPolicy(): void {
    this.#isAllowed();
  }

  onStop(): void {
    this.#connection.relay.close('graceful', 'drain');
  }

  onClosed(_cause: CloseCause): void {}

  boundary(): Boundary {
    return 'tunnel';
  }

  progress(): ProtocolProgress {
    return { at: 'tunnel', request: this.#request.text };
  }

  #isAllowed(): boolean {
    const decision = this.#decide();
    if (decision.verdict !== 'DENY') return true;
    recordDenied(this.#connection, this.#request, { ...decision, reason: 'revoked' });
    this.#connection.relay.close('reset', 'policy-revoked');
    return false;
  }

  #decide(): HttpDecision {
    const ruleSet = this.#connection.ruleSet();
    if (ruleSet.kind === 'http') return compileHttpRules(ruleSet).decide(this.#request);
    return { verdict: 'DENY', reason: 'revoked', detail: 'the port is no longer under HTTP rules' };
  }
}
