/**
 * Asks the kernel who is on an accepted connection. Its tap says which endpoint that is: an agent that another one took over
 * from may have numbered it in its own way.
 */

import { BpfMap } from '../../native/index.ts';
import type { Identify } from '../../proxy/identify.ts';
import { conn, endpoint, flow_key } from '../datapath/abi.generated.ts';
import { writeFlowKey } from '../datapath/flow-key.ts';
import type { EndpointId, IdentityId } from '../identity/identity.ts';

const tcp = 6;

/** Descriptors of the maps, of any thread of this process. */
export interface IdentityMaps {
  readonly connectionsFd: number;
  readonly endpointsFd: number;
}

export function identifyBy({ connectionsFd, endpointsFd }: IdentityMaps): Identify {
  const connections = BpfMap.fromFd(connectionsFd);
  const endpoints = BpfMap.fromFd(endpointsFd);
  const key = Buffer.alloc(flow_key.size);
  const value = Buffer.alloc(conn.size);
  const tapped = Buffer.alloc(endpoint.size);
  return ({ direction, client, server }) => {
    writeFlowKey({ direction, protocol: tcp, client, server }, key);
    if (!connections.getInto(key, value)) return undefined;
    const tap = value.subarray(conn.ifindex.offset, conn.ifindex.offset + conn.ifindex.size);
    if (!endpoints.getInto(tap, tapped)) return undefined;
    return {
      direction,
      client,
      server,
      endpoint: tapped.readUInt32LE(endpoint.id.offset) as EndpointId,
      peer: value.readUInt32LE(conn.peer.offset) as IdentityId,
    };
  };
}
