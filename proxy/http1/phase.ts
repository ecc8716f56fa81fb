/** What the bytes of either side are at the moment. */

import type { ChunkedBody } from './chunked.ts';

/** What the client's bytes are at the moment. */
export type Reading =
  | { readonly what: 'head' }
  | { readonly what: 'chunks'; readonly body: ChunkedBody; readonly fate: 'forward' | 'skip' }
  /** An Upgrade waits for its answer: nobody knows what the next bytes are. */
  | { readonly what: 'upgrade' }
  /** Nothing more is taken: the connection is to end. */
  | { readonly what: 'nothing' };

/** What the server's bytes are at the moment. */
export type Answering =
  | { readonly what: 'head' }
  | { readonly what: 'chunks'; readonly body: ChunkedBody }
  /** All of a body but its last byte is decided; so its end is heard of, which the relay would not tell. */
  | { readonly what: 'last-byte' }
  /** Everything up to the server's end passes; nothing of our own can follow it. */
  | { readonly what: 'rest' };

export const head = { what: 'head' } as const;
export const lastByte = { what: 'last-byte' } as const;
export const rest = { what: 'rest' } as const;
export const nothing = { what: 'nothing' } as const;
