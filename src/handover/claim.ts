/** A hand-over as the new agent sees it: it asks, gets what the old one has, and says when it is in force. */

import { closeFd, NativeError } from '../../native/index.ts';
import type { Accepted } from '../../proxy/identify.ts';
import type { Progress } from '../../proxy/progress.ts';
import type { Direction } from '../identity/identity.ts';
import { limits } from '../limits.ts';
import { Channel } from './channel.ts';
import { type FromNew, type FromOld, protocol } from './messages.ts';
import { handoverSocketPath } from './socket-path.ts';

/** Takes a connection, whose descriptors are the receiver's then. */
export type Deliver = (flow: Accepted, downstream: number, upstream: number, progress?: Progress) => void;

/** `died`: what it had not handed over is gone; that it was in force is not. */
export type Outcome = 'done' | 'died';

export class Claim {
  /** Descriptors, the receiver's. The lock is held as long as one of the two agents has it. */
  #lock: number | undefined;
  readonly listeners: Record<Direction, number>[] = [];
  /** Where the old agent serves metrics until its addresses are free. */
  metrics: string | undefined;
  /** Resolves when the old agent is through. */
  readonly ended: Promise<Outcome>;
  readonly #channel: Channel<FromNew, FromOld>;
  readonly #welcomed = Promise.withResolvers<void>();
  readonly #free = Promise.withResolvers<void>();
  readonly #ended = Promise.withResolvers<Outcome>();
  #expected = Number.POSITIVE_INFINITY;
  #over = false;
  #deliver: Deliver | undefined;
  /** What came of the next connection's. */
  #progress = '';

  private constructor(instance: string) {
    this.ended = this.#ended.promise;
    this.#channel = new Channel(handoverSocketPath(instance), {
      onMessage: (message, fds) => this.#hear(message, fds),
      onEnd: () => this.#end('died'),
    });
  }

  /**
   * Asks the agent that holds the lock of the instance.
   * @returns undefined when it has died before it answered
   * @throws {Error} with its reason when it goes on alone, or when it can't be asked
   */
  static async of(instance: string, version: string): Promise<Claim | undefined> {
    const running = `an agent with the instance name ${instance} is running`;
    let claim: Claim;
    try {
      claim = new Claim(instance);
    } catch (error) {
      if (!(error instanceof NativeError)) throw error;
      throw new Error(
        `${running}, but it is starting or stopping and can't be taken over from (${error.errnoName}); ` +
          'try again, or give this one another name with --instance',
      );
    }
    claim.#channel.send({ type: 'hello', protocol, version, pid: process.pid });
    const late = setTimeout(() => claim.#welcomed.reject(new Error('it does not answer')), limits.handoverAnswerMs);
    try {
      await claim.#welcomed.promise;
      return claim;
    } catch (error) {
      if (claim.#over) return undefined;
      claim.abandon();
      const reason = error instanceof Error ? error.message : String(error);
      throw new Error(
        `${running} and is not taken over from: ${reason}. It stays in force; try again, stop it with SIGTERM first, ` +
          'or give this one another name with --instance',
      );
    } finally {
      clearTimeout(late);
    }
  }

  /** Once welcomed. */
  get lock(): number {
    if (this.#lock === undefined) throw new Error('the lock was not handed over');
    return this.#lock;
  }

  /**
   * Says that this agent is in force: `deliver` gets the connections that are handed over from here on.
   * @returns when the old agent's addresses are free
   */
  inForce(deliver: Deliver): Promise<void> {
    this.#deliver = deliver;
    if (!this.#over) this.#channel.send({ type: 'in-force' });
    return this.#free.promise;
  }

  /** After `inForce`: the old agent waits no longer than for a drain, and `ended` resolves. */
  hurry(): void {
    if (!this.#over) this.#channel.send({ type: 'hurry' });
  }

  /** The old agent goes on: before `inForce`, as if nothing had been. */
  abandon(): void {
    this.#channel.close();
  }

  #hear(message: FromOld, fds: readonly number[]): void {
    const [first, second] = fds;
    switch (message.type) {
      case 'refused':
        this.#welcomed.reject(new Error(message.reason));
        return;
      case 'welcome':
        this.#lock = first;
        this.metrics = message.metrics;
        this.#expected = message.listeners;
        break;
      case 'listeners':
        if (first !== undefined && second !== undefined) this.listeners.push({ egress: first, ingress: second });
        break;
      case 'addresses-free':
        this.#free.resolve();
        break;
      case 'connection':
        if (first !== undefined && second !== undefined && this.#deliver) {
          this.#deliver(message.flow, first, second, this.#takeProgress());
        } else {
          for (const fd of fds) closeFd(fd);
        }
        break;
      case 'progress':
        this.#progress += message.text;
        break;
      case 'done':
        this.#end('done');
        break;
    }
    if (this.listeners.length >= this.#expected) this.#welcomed.resolve();
  }

  #takeProgress(): Progress | undefined {
    const text = this.#progress;
    this.#progress = '';
    return text === '' ? undefined : (JSON.parse(text) as Progress);
  }

  #end(outcome: Outcome): void {
    this.#over = true;
    this.#welcomed.reject(new Error('it ended'));
    this.#free.resolve();
    this.#ended.resolve(outcome);
    this.#channel.close();
  }
}
