/**
 * The connections of packed flow records: a row of numbers each, and their addresses once a message. With some hundred
 * connections open nearly every record of a message is another one's.
 */

import type { ConnectionFacts } from '../../proxy/record.ts';
import type { Address, Direction, EndpointId, IdentityId, Port } from '../identity/identity.ts';

export interface PackedConnections {
  readonly count: number;
  /** `columns.width` numbers a connection. */
  readonly rows: Float64Array;
  /** What the rows' indices are about. */
  readonly addresses: readonly Address[];
}

const columns = {
  direction: 0,
  endpoint: 1,
  peer: 2,
  client: 3,
  clientPort: 4,
  server: 5,
  serverPort: 6,
  width: 7,
} as const;
const directions = ['egress', 'ingress'] as const satisfies readonly Direction[];

export class ConnectionPacker {
  readonly #rows: Float64Array;
  readonly #index = new Map<ConnectionFacts, number>();
  #addresses: Address[] = [];
  readonly #addressIndex = new Map<Address, number>();

  /** @param capacity connections that it can hold */
  constructor(capacity: number) {
    this.#rows = new Float64Array(capacity * columns.width);
  }

  indexOf(connection: ConnectionFacts): number {
    const known = this.#index.get(connection);
    if (known !== undefined) return known;
    const { direction, endpoint, peer, client, server } = connection;
    const index = this.#index.size;
    const at = index * columns.width;
    this.#rows[at + columns.direction] = directions.indexOf(direction);
    this.#rows[at + columns.endpoint] = endpoint;
    this.#rows[at + columns.peer] = peer;
    this.#rows[at + columns.client] = this.#addressOf(client.address);
    this.#rows[at + columns.clientPort] = client.port;
    this.#rows[at + columns.server] = this.#addressOf(server.address);
    this.#rows[at + columns.serverPort] = server.port;
    this.#index.set(connection, index);
    return index;
  }

  /** All that were asked for since it was called last. */
  take(): PackedConnections {
    const count = this.#index.size;
    const packed = { count, rows: this.#rows.slice(0, count * columns.width), addresses: this.#addresses };
    this.#index.clear();
    this.#addresses = [];
    this.#addressIndex.clear();
    return packed;
  }

  #addressOf(address: Address): number {
    const known = this.#addressIndex.get(address);
    if (known !== undefined) return known;
    const index = this.#addresses.push(address) - 1;
    this.#addressIndex.set(address, index);
    return index;
  }
}

export function directionAt({ rows }: PackedConnections, index: number): Direction {
  return directions[rows[index * columns.width + columns.direction] ?? 0] ?? 'egress';
}

export function connectionAt(packed: PackedConnections, index: number): ConnectionFacts {
  const cell = (column: number): number => packed.rows[index * columns.width + column] ?? 0;
  const end = (address: number, port: number): ConnectionFacts['client'] => {
    const found = packed.addresses[cell(address)];
    if (found === undefined) throw new RangeError(`there is no connection ${index}`);
    return { address: found, port: cell(port) as Port };
  };
  return {
    direction: directionAt(packed, index),
    endpoint: cell(columns.endpoint) as EndpointId,
    peer: cell(columns.peer) as IdentityId,
    client: end(columns.client, columns.clientPort),
    server: end(columns.server, columns.serverPort),
  };
}
