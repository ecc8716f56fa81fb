/** The host side of an endpoint's interface, where the kernel programs are attached. */

import type { Address, EndpointId, IdentityId } from '../identity/identity.ts';

export interface Tap {
  readonly endpoint: EndpointId;
  readonly identity: IdentityId;
  readonly interfaceName: string;
  readonly ifindex: number;
  /** What the endpoint sends must carry one of its own addresses; false where these are not known. */
  readonly checkSource: boolean;
  /** Of the endpoint, as they are known. */
  readonly addresses: readonly Address[];
  /** Path of its network namespace; absent: not known by name. */
  readonly netns?: string;
}
