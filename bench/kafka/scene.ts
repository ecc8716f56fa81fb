/** A client, and a broker with what the loads need. */

import type { Station, Topology } from '../../test/netns/topology.ts';

export const recordBytes = 1024;
export const readTopic = 'bench-read';
export const writeTopic = 'bench-write';

export interface Scene {
  readonly topology: Topology;
  readonly client: Station;
  readonly kafka: Station;
  /** The broker's own address. */
  readonly bootstrap: string;
}
