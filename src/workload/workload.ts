/** A workload: what policies are applied to, and what they name as a peer. */

import type { Address, Labels } from '../identity/identity.ts';

export interface Workload {
  readonly name: string;
  /** The Kubernetes sense; `default` unless given. */
  readonly namespace: string;
  readonly labels: Labels;
  readonly place: WorkloadPlace;
}

export type WorkloadPlace =
  | { readonly kind: 'netns'; readonly netns: string }
  /** Host side of its interface. */
  | { readonly kind: 'interface'; readonly interfaceName: string }
  | { readonly kind: 'remote'; readonly addresses: readonly Address[] };

/** A workload as it was found on this node. */
export interface LocatedWorkload {
  readonly workload: Workload;
  readonly addresses: readonly Address[];
  /** Where its tap goes; absent for a remote one, and for one whose place does not exist (yet). */
  readonly interface?: { readonly name: string; readonly ifindex: number };
  /** Why a local workload has no interface, or not all of its addresses: cause and next step. */
  readonly problem?: string;
}

/** `namespace/name`, unique. */
export function workloadKey({ namespace, name }: Pick<Workload, 'namespace' | 'name'>): string {
  return `${namespace}/${name}`;
}
