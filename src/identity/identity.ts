/**
 * Names for the things that must never be mixed up with a bare number or string.
 *
 * A brand costs nothing at run time; it makes "the port where the identity belongs" a type error.
 */

declare const brand: unique symbol;
type Brand<T, Name extends string> = T & { readonly [brand]: Name };

/** Number for one set of labels; what the kernel looks up for an address. Unsigned 32 bits. */
export type IdentityId = Brand<number, 'IdentityId'>;
/** Number of one endpoint (a workload with a tap) on this node. Unsigned 32 bits, never 0. */
export type EndpointId = Brand<number, 'EndpointId'>;
/** TCP or UDP port, 0–65535. */
export type Port = Brand<number, 'Port'>;
/** IPv4 or IPv6 address in its canonical text form (RFC 5952; IPv4 dotted, never v4-mapped). */
export type Address = Brand<string, 'Address'>;

/** Seen from the endpoint: `ingress` is what it receives as a server, `egress` what it opens as a client. */
export type Direction = 'ingress' | 'egress';

/** Identities with a fixed meaning; the numbers are Cilium's, so that records read the same. */
export const reserved = {
  unknown: 0 as IdentityId,
  host: 1 as IdentityId,
  world: 2 as IdentityId,
} as const;

export type Labels = ReadonlyMap<string, string>;

/**
 * What an address stands for.
 * - `reserved`: host or world;
 * - `workload`: one set of labels within one namespace, shared by all workloads that carry exactly these;
 * - `cidr`: an outside prefix that some rule names; `world` in all else.
 */
export type Identity =
  | { readonly kind: 'reserved'; readonly id: IdentityId; readonly name: 'host' | 'world' }
  | { readonly kind: 'workload'; readonly id: IdentityId; readonly namespace: string; readonly labels: Labels }
  | { readonly kind: 'cidr'; readonly id: IdentityId; readonly prefix: Prefix };

/** An address prefix with its host bits zero. */
export interface Prefix {
  readonly address: Address;
  /** In bits of the address's own family: 0–32 or 0–128. */
  readonly length: number;
}
