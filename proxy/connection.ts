/**
 * What a protocol is given when a connection is handed to it.
 */

import type { L7RuleSet } from '../src/policy/resolved.ts';
import type { ConnectionFacts, Recorder } from './record.ts';
import type { Protocol, Relay } from './relay.ts';

export interface Connection {
  readonly facts: ConnectionFacts;
  readonly relay: Relay;
  readonly recorder: Recorder;
  /**
   * The rule set in force now for this connection; ask again after `onPolicy`. Never undefined while the protocol runs:
   * when the connection's port no longer carries an L7 rule, the server part tunnels or closes it itself.
   */
  ruleSet(): L7RuleSet;
  /** Milliseconds since the epoch. */
  now(): number;
}

export type ProtocolFactory = (connection: Connection) => Protocol;
