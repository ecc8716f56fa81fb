/** One request of a scenario and who makes it. */

import type { Message } from '../../unit/kafka/wire.ts';
import type { Conversation } from './ask.ts';

/** What earlier scenarios of the same run learned. */
export interface Learned {
  /** Of the last InitProducerId that gave one; else −1. */
  readonly producerId: bigint;
  /** Id of each topic, also of those that the client may not see. */
  readonly topicIds: Readonly<Record<string, string>>;
}

export interface Scenario {
  readonly name: string;
  readonly from: 'client' | 'reader';
  readonly api: Message<unknown, unknown>;
  readonly version: number;
  readonly request: (learned: Learned) => unknown;
}

/** Several requests on one connection. */
export interface Talk {
  readonly name: string;
  readonly from: 'client' | 'reader';
  /** Resolves with what the client saw, as far as it is to be compared. */
  readonly talk: (conversation: Conversation, learned: Learned) => Promise<unknown>;
}

/** The same request in several versions. */
export function asks<Request>(
  name: string,
  api: Message<Request, unknown>,
  versions: readonly number[],
  request: Request | ((learned: Learned) => Request),
  from: Scenario['from'] = 'client',
): Scenario[] {
  const make = typeof request === 'function' ? (request as (learned: Learned) => Request) : () => request;
  return versions.map((version) => ({
    name: `${from}: ${name}, version ${version}`,
    from,
    api: api as Message<unknown, unknown>,
    version,
    request: make,
  }));
}

export const noId = '0'.repeat(32);
