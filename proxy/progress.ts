/**
 * How far a connection has come: all that its next owner has to know beside the two sockets. Plain data, which JSON carries.
 */

import type { Http2Progress } from './http2/progress.ts';

export type ProtocolProgress =
  /** `asked`: the first request is on its way, so an agent that stops waits for it. */
  | { readonly at: 'unread'; readonly asked?: boolean }
  | { readonly at: 'http1' | 'kafka' }
  /** `request`: the head that asked for what both ends speak now, as it came. */
  | { readonly at: 'tunnel'; readonly request: string }
  | { readonly at: 'http2'; readonly session: Http2Progress };

export interface Progress {
  readonly protocol: ProtocolProgress;
  /** What arrived on each side and is not consumed, base64. */
  readonly unread: { readonly downstream: string; readonly upstream: string };
}
