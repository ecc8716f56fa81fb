/**
 * One flow record a request (or a connection that never made one): made once, written once.
 */

import type { Address, Direction, EndpointId, IdentityId, Port } from '../src/identity/identity.ts';
import type { RuleRef } from '../src/policy/resolved.ts';

/** Verdict words are the same in kernel, proxy, metrics and flow records. */
export type Verdict = 'ALLOW' | 'DENY' | 'REDIRECT' | 'AUDIT';

/** Why a request was denied; a closed set, used verbatim as a metric label. */
export type DenyReason =
  | 'no-rule'
  | 'malformed'
  | 'ambiguous'
  | 'limit'
  | 'unsupported'
  | 'revoked'
  | 'unidentified'
  | 'tls'
  | 'unknown-api'
  | 'internal-error';

export interface ConnectionFacts {
  readonly direction: Direction;
  readonly endpoint: EndpointId;
  /** The other end of the endpoint, as the kernel identified it. */
  readonly peer: IdentityId;
  readonly client: { readonly address: Address; readonly port: Port };
  readonly server: { readonly address: Address; readonly port: Port };
}

export type L7Facts =
  | {
      readonly protocol: 'http';
      readonly version: string;
      readonly method: string;
      readonly target: string;
      readonly host: string;
    }
  | {
      readonly protocol: 'grpc';
      readonly service: string;
      readonly method: string;
      readonly status?: number;
      readonly phase?: 'open' | 'close';
    }
  | {
      readonly protocol: 'kafka';
      readonly api: string;
      readonly version: number;
      readonly clientId: string;
      readonly correlationId: number;
      readonly topics: readonly string[];
      readonly errorCode?: number;
    };

export interface FlowRecord {
  /** Milliseconds since the epoch, when the request's head was complete. */
  readonly time: number;
  readonly connection: ConnectionFacts;
  readonly verdict: Verdict;
  readonly reason?: DenyReason;
  /** A sentence for a human; never carries a secret. */
  readonly detail?: string;
  readonly rule?: RuleRef;
  readonly l7?: L7Facts;
  /** Status of the response that the client got; absent when none came. */
  readonly status?: number;
  /** From the complete head to the head of the response. */
  readonly latencyMs?: number;
}

/** Where finished records go; one a worker. Must be cheap and never throws. */
export interface Recorder {
  record(flow: FlowRecord): void;
}
