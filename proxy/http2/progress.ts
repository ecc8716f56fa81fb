/** What there is to know of an HTTP/2 connection between two turns, streams that are open included. Plain data. */

import type { HpackTable } from './hpack/decoder.ts';
import type { PeerSettings } from './settings.ts';
import type { Stream } from './streams.ts';

/** A frame that is partly through. */
export interface FrameRest {
  /** Octets that have still to arrive. */
  readonly rest: number;
  readonly dropping: boolean;
}

export interface Http2Progress {
  readonly fromClient: FrameRest;
  readonly fromServer: FrameRest;
  readonly clientSettings: PeerSettings;
  readonly serverSettings: PeerSettings;
  readonly window: { readonly room: number; readonly debt: number };
  readonly requestFields: HpackTable;
  readonly responseFields: HpackTable;
  /** The server's decoder was told to forget its table. */
  readonly tableEmptied: boolean;
  readonly highest: number;
  readonly diverged: boolean;
  readonly live: readonly Stream[];
}
