/** One request of a scenario and who makes it. */

import type { Message } from '../../unit/kafka/wire.ts';

/** What earlier scenarios of the same run learned. */
export interface Learned {
  /** Of the last InitProducerId that gave one; else −1. */
  readonly producerId: bigint;
}

export interface Scenario {
  readonly name: string;
  readonly from: 'client' | 'reader';
  readonly api: Message<unknown, unknown>;
  readonly version: number;
  readonly request: (learned: Learned) => unknown;
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
