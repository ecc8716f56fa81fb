/**
 * What an agent and the one that takes over from it say to each other, in this order. One JSON text a message; descriptors
 * go with it where that is said.
 *
 *     new                         old
 *     hello ────────────────────▶ stops following changes
 *      ◀──────── welcome, listeners  (or refused, and all is as before)
 *     loads, attaches: in force
 *     in-force ─────────────────▶ accepts no more, gives up its addresses
 *      ◀──────────── addresses-free
 *      ◀──────────── connection …   each at its boundary
 *      ◀──────────────────── done   ends, and leaves everything as it is
 */

import type { Accepted } from '../../proxy/identify.ts';

/** Of these messages; another one is refused. */
export const protocol = 2;

export type FromNew =
  | { readonly type: 'hello'; readonly protocol: number; readonly version: string; readonly pid: number }
  /** Every hook runs the new agent's programs. */
  | { readonly type: 'in-force' }
  /** The new agent has to end, or is itself taken over from: what has no boundary now is drained. */
  | { readonly type: 'hurry' };

export type FromOld =
  | { readonly type: 'refused'; readonly reason: string }
  /** With the descriptor that holds the instance's lock. */
  | {
      readonly type: 'welcome';
      readonly version: string;
      /** Messages `listeners` that follow. */
      readonly listeners: number;
      /** `host:port` that it serves metrics at. */
      readonly metrics?: string;
    }
  /** With two listening descriptors, egress and ingress: what waits in their backlogs is the new agent's. */
  | { readonly type: 'listeners' }
  | { readonly type: 'addresses-free' }
  /** The next part of what `connection` has to say: a message has at most 64 KiB, and a table of HTTP/2 may have more. */
  | { readonly type: 'progress'; readonly text: string }
  /**
   * With two connected descriptors, downstream and upstream. What came by `progress` before it is a `Progress` as JSON, and
   * empty for one that was just taken over from the kernel.
   */
  | { readonly type: 'connection'; readonly flow: Accepted }
  | { readonly type: 'done' };
