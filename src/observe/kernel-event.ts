/** What the kernel reports of a packet or a connection that it decided itself. */

import type { Verdict } from '../../proxy/record.ts';
import type { Address, Direction, EndpointId, IdentityId, Port } from '../identity/identity.ts';

export interface KernelEvent {
  /** Milliseconds since the epoch. */
  readonly time: number;
  /** `REDIRECT`: the connection went to the proxy, whose own records follow. */
  readonly verdict: Verdict;
  /** Name of the reason as in the metrics, e.g. `policy-denied`; for an ALLOW why, e.g. `new-connection`. */
  readonly reason: string;
  readonly direction: Direction;
  readonly endpoint: EndpointId;
  /** The other end of the endpoint. */
  readonly peer: IdentityId;
  /** IP protocol number: 6 TCP, 17 UDP, 1 ICMP, 58 ICMPv6. */
  readonly protocol: number;
  /** As in the packet. For ICMP the destination's port is the message type, the source's is 0. */
  readonly source: { readonly address: Address; readonly port: Port };
  readonly destination: { readonly address: Address; readonly port: Port };
}
