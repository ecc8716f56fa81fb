/** `struct flow_key`: how the kernel names a connection. */

import type { Direction, Port } from '../identity/identity.ts';
import { direction as directions, flow_key } from './abi.generated.ts';
import { readAddress, writeAddress } from './address-bytes.ts';

export interface Flow {
  readonly direction: Direction;
  readonly protocol: number;
  readonly client: { readonly address: string; readonly port: number };
  readonly server: { readonly address: string; readonly port: number };
}

export function writeFlowKey(flow: Flow, into: Uint8Array): void {
  const view = new DataView(into.buffer, into.byteOffset, flow_key.size);
  into.fill(0, 0, flow_key.size);
  writeAddress(flow.client.address, into, flow_key.client.offset);
  writeAddress(flow.server.address, into, flow_key.server.offset);
  view.setUint16(flow_key.client_port.offset, flow.client.port);
  view.setUint16(flow_key.server_port.offset, flow.server.port);
  view.setUint8(flow_key.protocol.offset, flow.protocol);
  view.setUint8(flow_key.direction.offset, directions[flow.direction]);
}

export function readFlowKey(bytes: Uint8Array, offset: number) {
  const view = new DataView(bytes.buffer, bytes.byteOffset + offset, flow_key.size);
  return {
    direction: directionOf(view.getUint8(flow_key.direction.offset)),
    protocol: view.getUint8(flow_key.protocol.offset),
    client: {
      address: readAddress(bytes, offset + flow_key.client.offset),
      port: view.getUint16(flow_key.client_port.offset) as Port,
    },
    server: {
      address: readAddress(bytes, offset + flow_key.server.offset),
      port: view.getUint16(flow_key.server_port.offset) as Port,
    },
  };
}

export function directionOf(value: number): Direction {
  return value === directions.ingress ? 'ingress' : 'egress';
}
