/**
 * A hand-over as the old agent sees it. Whatever the new one does, one of the two is in force: until `in-force` is heard the
 * old one merely does not follow changes, and when the new one dies at any time before the end, the old one puts its own
 * programs back and goes on.
 */

import { renameSync, rmSync } from 'node:fs';
import { listenMessages, type MessageListener } from '../../native/index.ts';
import type { Progress } from '../../proxy/progress.ts';
import type { Direction } from '../identity/identity.ts';
import type { Log } from '../log.ts';
import { Channel } from './channel.ts';
import type { Deliver } from './claim.ts';
import { type FromNew, type FromOld, protocol } from './messages.ts';
import { handoverSocketPath } from './socket-path.ts';

/** The old agent, step by step. */
export interface Predecessor {
  /** Why it can't be taken over from now. */
  refusal(): string | undefined;
  /** What is in force stays so from here on. */
  pause(): Promise<void>;
  /** Duplicates for the new agent. */
  belongings(): { readonly lock: number; readonly listeners: readonly Readonly<Record<Direction, number>>[] };
  readonly metrics: string | undefined;
  /** The new agent is in force: gives up the addresses. */
  yieldAddresses(): Promise<void>;
  /** Hands on every connection at its boundary; resolves when none is left, or soon after `signal`. */
  handOn(deliver: Deliver, signal: AbortSignal): Promise<void>;
  /** `handOn` waits for no further boundary: what is left is drained. */
  hurry(): void;
  /** The new agent is gone. */
  resume(): Promise<void>;
  /** The new agent has everything. */
  leave(): Promise<void>;
}

export interface Offer {
  /** No new agent is heard any more. */
  close(): void;
}

/** Puts the agent's socket in place of the one of whoever was before. */
export function offerHandover(instance: string, version: string, agent: Predecessor, log: Log): Offer {
  const path = handoverSocketPath(instance);
  const own = `${path}.${process.pid}`;
  rmSync(own, { force: true });
  let current: Handover | undefined;
  const listener: MessageListener = listenMessages(own, (fd) => {
    const handover: Handover = new Handover(fd, agent, version, log, {
      begin: () => {
        if (current) return 'another new agent is just taking over from it';
        const reason = agent.refusal();
        if (reason === undefined) current = handover;
        return reason;
      },
      end: () => {
        if (current === handover) current = undefined;
      },
    });
  });
  renameSync(own, path);
  return { close: () => listener.close() };
}

interface Turn {
  /** @returns why not */
  begin(): string | undefined;
  end(): void;
}

class Handover {
  readonly #agent: Predecessor;
  readonly #version: string;
  readonly #log: Log;
  readonly #turn: Turn;
  readonly #channel: Channel<FromOld, FromNew>;
  #step: 'new' | 'welcomed' | 'yielding' | 'over' = 'new';
  readonly #lostSignal = new AbortController();
  /** Steps take time, and each waits for the one before. */
  #steps: Promise<void> = Promise.resolve();

  constructor(fd: number, agent: Predecessor, version: string, log: Log, turn: Turn) {
    this.#agent = agent;
    this.#version = version;
    this.#log = log;
    this.#turn = turn;
    this.#channel = new Channel<FromOld, FromNew>(fd, {
      onMessage: (message) => this.#hear(message),
      onEnd: () => this.#lost(),
    });
  }

  #hear(message: FromNew): void {
    if (message.type === 'hello' && this.#step === 'new') this.#greet(message);
    else if (message.type === 'in-force' && this.#step === 'welcomed') this.#yield();
    else if (message.type === 'hurry' && this.#step === 'yielding') this.#agent.hurry();
  }

  #greet({ protocol: spoken, version, pid }: Extract<FromNew, { type: 'hello' }>): void {
    const reason =
      spoken === protocol
        ? this.#turn.begin()
        : `it is version ${this.#version} and hands over by protocol ${protocol}, not by ${spoken}`;
    if (reason !== undefined) {
      this.#log.warn('a new agent wanted to take over and was refused', { pid, version, reason });
      this.#refuse(reason);
      return;
    }
    this.#step = 'welcomed';
    this.#log.info('a new agent takes over', { pid, version });
    this.#then(async () => {
      await this.#agent.pause();
      if (this.#step !== 'welcomed') return;
      const { lock, listeners } = this.#agent.belongings();
      const { metrics } = this.#agent;
      this.#channel.send(
        {
          type: 'welcome',
          version: this.#version,
          listeners: listeners.length,
          ...(metrics !== undefined && { metrics }),
        },
        [lock],
      );
      for (const { egress, ingress } of listeners) this.#channel.send({ type: 'listeners' }, [egress, ingress]);
    });
  }

  #yield(): void {
    this.#step = 'yielding';
    this.#then(async () => {
      await this.#agent.yieldAddresses();
      if (this.#step !== 'yielding') return;
      this.#channel.send({ type: 'addresses-free' });
      const deliver: Deliver = (flow, downstream, upstream, progress) => {
        for (const text of partsOf(progress)) this.#channel.send({ type: 'progress', text });
        this.#channel.send({ type: 'connection', flow }, [downstream, upstream]);
      };
      await this.#agent.handOn(deliver, this.#lostSignal.signal);
      if (this.#step !== 'yielding') return;
      this.#step = 'over';
      this.#channel.send({ type: 'done' });
      await this.#agent.leave();
      this.#channel.close();
    });
  }

  /** The new agent closed its end, or died. */
  #lost(): void {
    const begun = this.#step === 'welcomed' || this.#step === 'yielding';
    this.#step = 'over';
    this.#lostSignal.abort();
    if (!begun) return;
    this.#log.warn('the new agent is gone before it had everything; this one goes on');
    this.#goOn();
  }

  #refuse(reason: string): void {
    this.#step = 'over';
    this.#channel.send({ type: 'refused', reason });
    this.#channel.close();
  }

  #goOn(): void {
    this.#then(async () => {
      await this.#agent.resume();
      this.#turn.end();
    });
  }

  #then(step: () => Promise<void>): void {
    this.#steps = this.#steps.then(step).catch((error: unknown) => {
      const reason = error instanceof Error ? error.message : String(error);
      this.#log.error('a step of the hand-over failed', { error: reason });
      if (this.#step !== 'welcomed') return;
      this.#refuse(reason);
      this.#goOn();
    });
  }
}

/** Characters of one message: in UTF-8, and quoted once more, they fit into it. */
const partLength = 8 * 1024;

function partsOf(progress: Progress | undefined): string[] {
  const text = progress === undefined ? '' : JSON.stringify(progress);
  return Array.from({ length: Math.ceil(text.length / partLength) }, (_, at) =>
    text.slice(at * partLength, (at + 1) * partLength),
  );
}
