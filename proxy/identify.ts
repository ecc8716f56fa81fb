/**
 * Who is on a connection: the kernel's own answer, read from its connection table.
 */

import type { Direction } from '../src/identity/identity.ts';
import type { ConnectionFacts } from './record.ts';

/** Four-tuple of an accepted connection as its socket reports it. */
export interface Accepted {
  readonly direction: Direction;
  readonly client: ConnectionFacts['client'];
  readonly server: ConnectionFacts['server'];
}

/** `undefined`: the kernel does not know the connection; it is closed and counted as `unidentified`. */
export type Identify = (accepted: Accepted) => ConnectionFacts | undefined;
