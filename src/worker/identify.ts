/** Asks the kernel's table of connections who is on an accepted one. */

import { BpfMap } from '../../native/index.ts';
import type { Identify } from '../../proxy/identify.ts';
import { conn, flow_key } from '../datapath/abi.generated.ts';
import { writeFlowKey } from '../datapath/flow-key.ts';
import type { EndpointId, IdentityId } from '../identity/identity.ts';

const tcp = 6;

/** @param connectionsFd descriptor of the `connections` map, of any thread of this process */
export function identifyBy(connectionsFd: number): Identify {
  const connections = BpfMap.fromFd(connectionsFd);
  const key = Buffer.alloc(flow_key.size);
  const value = Buffer.alloc(conn.size);
  return ({ direction, client, server }) => {
    writeFlowKey({ direction, protocol: tcp, client, server }, key);
    if (!connections.getInto(key, value)) return undefined;
    return {
      direction,
      client,
      server,
      endpoint: value.readUInt32LE(conn.endpoint.offset) as EndpointId,
      peer: value.readUInt32LE(conn.peer.offset) as IdentityId,
    };
  };
}
