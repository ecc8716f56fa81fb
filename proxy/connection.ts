/**
 * What a protocol is given when a connection is handed to it.
 */

import type { L7RuleSet } from '../src/policy/resolved.ts';
import type { BrokerAddress } from './kafka/brokers.ts';
import type { ProtocolProgress } from './progress.ts';
import type { ConnectionFacts, Recorder } from './record.ts';
import type { Protocol, Relay } from './relay.ts';

export interface Connection {
  readonly facts: ConnectionFacts;
  readonly relay: Relay;
  readonly recorder: Recorder;
  /** Told where a server of Kafka sends its client for a part of what it asked for. */
  readonly onBrokers?: (brokers: readonly BrokerAddress[]) => void;
  /**
   * The rule set in force now for this connection; ask again after `onPolicy`. Never undefined while the protocol runs:
   * when the connection's port no longer carries an L7 rule, the server part tunnels or closes it itself.
   */
  ruleSet(): L7RuleSet;
  /** Milliseconds since the epoch. */
  now(): number;
}

/** What the policy says about a whole connection. `open`: it no longer carries an L7 rule, everything on it is allowed. */
export type ConnectionRuling =
  | { readonly verdict: 'l7'; readonly ruleSet: L7RuleSet }
  | { readonly verdict: 'open' }
  | { readonly verdict: 'deny' };

/** The policy in force; the agent hands the proxy a new one with each change. */
export interface ConnectionPolicy {
  /** The same connection with its peer as the addresses stand now. */
  identifyAnew(facts: ConnectionFacts): ConnectionFacts;
  ruling(facts: ConnectionFacts): ConnectionRuling;
}

/** @param from where another owner of the connection left off; absent: what comes first begins a request */
export type ProtocolFactory = (connection: Connection, from?: ProtocolProgress) => Protocol;
