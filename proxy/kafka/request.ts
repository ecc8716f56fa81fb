/**
 * One request of a client, as an enforcement file sees it, and what such a file may decide.
 */

import type { DenyReason } from '../record.ts';
import type { Side } from '../relay.ts';
import type { Access } from './access.ts';
import type { Layout, Schema } from './layout.ts';
import type { ShareSessions } from './share-sessions.ts';
import type { TopicIds } from './topic-ids.ts';

export interface Request {
  readonly api: Api;
  readonly version: number;
  readonly correlationId: number;
  /** The whole frame, its size included. Valid only while it is judged. */
  readonly bytes: Uint8Array;
  /** Where the body starts. */
  readonly body: number;
  readonly access: Access;
  readonly shares: Shares;
}

/** What a connection has to remember for share groups, which name topics by ids and partitions by sessions. */
export interface Shares {
  readonly topicIds: TopicIds;
  readonly sessions: ShareSessions;
}

/** What becomes of the response that the broker gives to a request. */
export type ResponsePlan =
  | { readonly kind: 'pass' }
  /** The broker gives none (Produce with acks=0). */
  | { readonly kind: 'none' }
  /** As `none`, but a part was denied: the broker would close the connection when it has dealt with the rest. */
  | { readonly kind: 'closing' }
  /** Denied elements are put in front of the array at `field`, the rest is untouched. */
  | { readonly kind: 'insert'; readonly layout: Layout; readonly field: number; readonly elements: Denials }
  /** Ours, to a question of our own: held, learned from and not passed on; false: it is not what the protocol says. */
  | { readonly kind: 'learn'; readonly learn: (frame: Uint8Array) => boolean }
  /** Held, and replaced by what `rewrite` makes of it; undefined: it is not what the protocol says. */
  | { readonly kind: 'rewrite'; readonly rewrite: (frame: Uint8Array) => Uint8Array | undefined };

export interface Denials {
  readonly count: number;
  readonly bytes: Uint8Array;
  /** The error of the first of them. */
  readonly error: number;
}

export type Judgement =
  /** Forwarded as it came. */
  | { readonly kind: 'pass'; readonly response: ResponsePlan }
  /** Forwarded, with `bytes` in place of as many at `offset`. */
  | { readonly kind: 'patch'; readonly offset: number; readonly bytes: Uint8Array; readonly response: ResponsePlan }
  /** `frame` is sent in its place. */
  | { readonly kind: 'replace'; readonly frame: Uint8Array; readonly response: ResponsePlan }
  /** Answered here with `frame`. */
  | { readonly kind: 'answer'; readonly frame: Uint8Array; readonly error: number }
  /** Judged anew when the broker has said which topics these are. */
  | { readonly kind: 'lookup'; readonly ids: readonly string[] }
  /** The connection ends when all before it is answered, as the broker does it. */
  | { readonly kind: 'close'; readonly reason: DenyReason; readonly detail: string; readonly error?: number };

/** What became of a request that was judged while it came. */
export type StreamEnd =
  /** All of it passed, or will. */
  | { readonly kind: 'forwarded'; readonly response: ResponsePlan }
  /** Answered here; `closes`: part of it has passed, so the connection ends after that. */
  | { readonly kind: 'answer'; readonly frame: Uint8Array; readonly error: number; readonly closes: boolean }
  | Extract<Judgement, { kind: 'close' }>;

/** Judges one request while it comes, and consumes it. */
export interface Stream {
  /** Consumes what it can; undefined: more bytes are needed. */
  step(side: Side): StreamEnd | undefined;
}

export interface Api {
  readonly key: number;
  /** Lower case, as rules spell it. */
  readonly name: string;
  /** Versions that are judged; all else of this key is refused. */
  readonly min: number;
  readonly max: number;
  /** The lowest version that ApiVersions may announce, where clients look for more than they use. */
  readonly announcedMin?: number;
  readonly request: Schema;
  readonly response: Schema;
  /** Where a response names brokers for the client to go on to; see brokers.ts. */
  readonly namesBrokers?: 'in fields' | 'in tags';
  readonly judge: (request: Request) => Judgement;
  /** Whether a request, of which only the beginning is there, need not be held until all of it is. */
  readonly streams?: (request: Request) => boolean;
  /** Judges a request of `total` bytes that is too large to be held, or need not be; of its bytes only the header is there. */
  readonly stream?: (request: Request, total: number) => Stream;
}

export const pass: ResponsePlan = { kind: 'pass' };
export const passed: Judgement = { kind: 'pass', response: pass };
export const malformed = (detail: string): Judgement => ({ kind: 'close', reason: 'malformed', detail });
export const tooLarge: Extract<Judgement, { kind: 'close' }> = {
  kind: 'close',
  reason: 'limit',
  detail: 'the answer would be too large',
};
