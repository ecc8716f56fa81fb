/** A broker's place: in a station, at its address, on Kafka's own port. */

import type { Station } from '../netns/topology.ts';

export const kafkaPort = 9092;

/** What runs there ends with the station's namespace. */
export interface Broker {
  readonly station: Station;
  /** As clients are given it: `address:port`. */
  readonly bootstrap: string;
  /** What it wrote about itself. */
  readonly log: string;
}

export function bootstrapOf(station: Station): string {
  return `${station.address[4]}:${kafkaPort}`;
}
