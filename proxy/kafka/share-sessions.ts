/**
 * The share sessions (KIP-932) that a connection opened. A ShareFetch within a session lists only what changed, so what
 * the broker would read has to be known here: a session that was opened elsewhere is refused, and the client opens one.
 */

import { limits } from '../../src/limits.ts';

export class ShareSession {
  /**
   * Ids of topics that were passed on. It never shrinks while the connection lives: whether the broker took a request
   * that would shrink its session is not known here.
   */
  readonly forwarded = new Set<string>();
  /** Partitions that the client believes in the session and that were kept from the broker, by topic id. */
  readonly withheld = new Map<string, Set<number>>();
  #withheldCount = 0;

  withhold(id: string, partitions: readonly number[]): void {
    const known = this.withheld.get(id) ?? new Set();
    const before = known.size;
    for (const partition of partitions) known.add(partition);
    this.#withheldCount += known.size - before;
    this.withheld.set(id, known);
  }

  forget(id: string, partitions: readonly number[]): void {
    const known = this.withheld.get(id);
    if (known === undefined) return;
    for (const partition of partitions) if (known.delete(partition)) this.#withheldCount--;
    if (known.size === 0) this.withheld.delete(id);
  }

  /** The client starts anew. */
  reopen(): void {
    this.withheld.clear();
    this.#withheldCount = 0;
  }

  get isTooLarge(): boolean {
    return this.forwarded.size + this.#withheldCount > limits.kafkaEntries;
  }
}

export class ShareSessions {
  readonly #sessions = new Map<string, ShareSession>();

  find(group: string, member: string): ShareSession | undefined {
    return this.#sessions.get(`${group}\0${member}`);
  }

  /** Undefined: the connection has too many. */
  open(group: string, member: string): ShareSession | undefined {
    const session = this.find(group, member) ?? new ShareSession();
    if (this.#sessions.size >= limits.kafkaShareSessions && this.find(group, member) === undefined) return undefined;
    session.reopen();
    this.#sessions.set(`${group}\0${member}`, session);
    return session;
  }
}
