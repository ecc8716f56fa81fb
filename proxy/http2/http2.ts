/**
 * HTTP/2 with prior knowledge (RFC 9113 section 3.3) on a relay, gRPC included.
 *
 * Frames pass as they are. A header block that opens a stream is held until it is judged. As long as every request is
 * allowed as it stands, both peers see each other's bytes; the first one that is not makes the connection diverge
 * (`Streams.diverged`): the server's HPACK table stays behind, so from then on the client's blocks are decoded with its
 * own table and encoded anew without any. The server's blocks are never touched: answers of our own use no table either.
 */

import { limits } from '../../src/limits.ts';
import type { Connection, ProtocolFactory } from '../connection.ts';
import type { ProtocolProgress } from '../progress.ts';
import type { Boundary, CloseCause, Protocol } from '../relay.ts';
import { ClientFrames } from './client-frames.ts';
import { FramePump } from './frame-pump.ts';
import { errorCode, goAwayFrame, preface, windowUpdateFrame } from './frames.ts';
import type { Http2Progress } from './progress.ts';
import { Requests } from './requests.ts';
import { ServerFrames } from './server-frames.ts';
import { type Failure, Session } from './session.ts';
import { withoutSecrets } from './streams.ts';

/** While something may last too long, how often it is looked at, ms. */
const tickMs = 1_000;

/** Last stream identifier of a GOAWAY that only announces another one (RFC 9113 section 6.8). */
const anyStream = 0x7fffffff;

/** Takes over a connection whose first bytes are the preface, none of them consumed, or one in the middle of its frames. */
export const http2: ProtocolFactory = (connection, from) =>
  new Http2(connection, from?.at === 'http2' ? from.session : undefined);

class Http2 implements Protocol {
  readonly #session: Session;
  readonly #requests: Requests;
  readonly #clientFrames: ClientFrames;
  readonly #fromClient: FramePump;
  readonly #fromServer: FramePump;
  #greeted = false;
  #over = false;
  #clientEnded = false;
  #serverEnded = false;
  #ticking = false;
  #stopping = false;
  /** When the client was told that an end comes, ms since the epoch. */
  #announcedAt: number | undefined;
  /** Frames of the client that were settled at the end of the last turn. */
  #settled = 0;
  /** Since when the client owes the rest of a frame that is held. */
  #holding: number | undefined;

  constructor(connection: Connection, from?: Http2Progress) {
    const { downstream, upstream } = connection.relay;
    this.#session = new Session(connection, from);
    this.#requests = new Requests(this.#session, from?.tableEmptied);
    this.#clientFrames = new ClientFrames(this.#session, this.#requests);
    this.#fromClient = new FramePump(downstream, upstream, this.#clientFrames, from?.fromClient);
    this.#fromServer = new FramePump(upstream, downstream, new ServerFrames(this.#session), from?.fromServer);
    this.#greeted = from !== undefined;
  }

  onDownstream(): void {
    this.#move();
  }

  onUpstream(): void {
    this.#move();
  }

  onDrain(): void {
    this.#move();
  }

  onTimer(): void {
    if (this.#over) return;
    this.#ticking = false;
    const { connection, records, streams } = this.#session;
    const now = connection.now();
    records.lasting = 0;
    for (const stream of streams.live.values()) records.openIfLasting(stream, now);
    if (this.#holding !== undefined && now - this.#holding > limits.httpHeadTimeoutMs) this.#close('head-timeout');
    else this.#move();
  }

  onPolicy(): void {
    this.#session.usePolicy();
  }

  onStop(): void {
    this.#stopping = true;
    this.#move();
  }

  /** Section 6.8: first that an end comes, and the end itself when what the client sent before it could hear of that has passed. */
  #goAway(): void {
    const { answers, connection, draining, serverSettings, streams } = this.#session;
    // The server's SETTINGS have to be the first that a client hears.
    if (!this.#stopping || draining || !serverSettings.announced) return;
    const now = connection.now();
    if (this.#announcedAt === undefined) {
      this.#announcedAt = now;
      answers.push(goAwayFrame(anyStream, errorCode.none));
    } else if (now - this.#announcedAt >= limits.http2LastCallMs) {
      this.#session.draining = true;
      answers.push(goAwayFrame(streams.highest, errorCode.none));
    }
  }

  /** Open streams go along; what we have to say ourselves, an end included, is said here. */
  boundary(): Boundary | undefined {
    const { answers, failure } = this.#session;
    const busy = this.#stopping || failure !== undefined || answers.waiting;
    return this.#greeted && !this.#over && !busy ? 'http2' : undefined;
  }

  progress(): ProtocolProgress {
    const { clientSettings, requestFields, responseFields, serverSettings, streams, window } = this.#session;
    return {
      at: 'http2',
      session: {
        fromClient: this.#fromClient.progress,
        fromServer: this.#fromServer.progress,
        clientSettings,
        serverSettings,
        window: window.progress,
        requestFields: requestFields.table,
        responseFields: responseFields.table,
        tableEmptied: this.#requests.tableEmptied,
        highest: streams.highest,
        diverged: streams.diverged,
        live: [...streams.live.values()].map(withoutSecrets),
      },
    };
  }

  onClosed(cause: CloseCause): void {
    this.#over = true;
    // What is under way is recorded where it ends.
    if (cause === 'released') return;
    for (const stream of this.#session.streams.live.values()) this.#session.records.finish(stream);
    this.#session.streams.live.clear();
  }

  /** Both directions, because each may be what the other waits for. */
  #move(): void {
    if (this.#over || !this.#greet()) return;
    const { answers } = this.#session;
    answers.beginTurn();
    this.#goAway();
    this.#fromServer.run();
    do {
      this.#fromClient.run();
      this.#giveCredit();
      this.#fromServer.run();
      if (this.#fromServer.betweenFrames) answers.flush();
    } while (this.#session.failure === undefined && answers.relieved());
    if (this.#session.failure !== undefined) {
      this.#fail(this.#session.failure);
    } else {
      this.#watchHeld();
      this.#settle();
      this.#tick();
    }
  }

  #greet(): boolean {
    if (this.#greeted) return true;
    const { downstream } = this.#session.connection.relay;
    const arrived = downstream.arrived();
    const common = Math.min(arrived.length, preface.length);
    if (Buffer.compare(arrived.subarray(0, common), preface.subarray(0, common)) !== 0) {
      this.#fail({ code: errorCode.protocol, cause: 'malformed', detail: 'not the preface of HTTP/2' });
      return false;
    }
    if (common < preface.length) {
      if (downstream.ended) this.#close('client-closed');
      this.#watchHeld();
      this.#tick();
      return false;
    }
    downstream.forward(preface.length);
    this.#greeted = true;
    return true;
  }

  /** DATA that went nowhere is given back to the client's connection window; its stream has been answered. */
  #giveCredit(): void {
    const credit = this.#clientFrames.dropped;
    if (credit === 0) return;
    this.#clientFrames.dropped = 0;
    this.#session.answers.push(windowUpdateFrame(0, credit));
  }

  /** The time of a frame that is held runs from its first octet, and not while it is us who do not look at it. */
  #watchHeld(): void {
    const { answers, connection } = this.#session;
    const settled = this.#fromClient.frames;
    if (settled !== this.#settled || answers.crowded) this.#holding = undefined;
    this.#settled = settled;
    if (connection.relay.downstream.arrived().length === 0) this.#holding = undefined;
    else if (!answers.crowded) this.#holding ??= connection.now();
  }

  /** Asks for the timer where time itself decides something. */
  #tick(): void {
    const { answers, records } = this.#session;
    const wanted = this.#holding !== undefined || records.lasting > 0 || answers.crowded || this.#stopping;
    if (!wanted || this.#ticking || this.#over) return;
    this.#ticking = true;
    this.#session.connection.relay.timer(tickMs);
  }

  /** Passes on what has ended. */
  #settle(): void {
    const { answers, draining, streams } = this.#session;
    if (draining && streams.live.size === 0 && !answers.waiting) {
      this.#close('drain');
      return;
    }
    this.#mirrorClientEnd();
    this.#mirrorServerEnd();
    if (this.#clientEnded && this.#serverEnded && !this.#over) this.#close('client-closed');
  }

  #mirrorClientEnd(): void {
    const { answers, connection, serverSettings } = this.#session;
    const { downstream, upstream } = connection.relay;
    if (!downstream.ended || this.#clientEnded) return;
    if (downstream.arrived().length === 0) {
      this.#clientEnded = true;
      upstream.end();
      // The rest of a frame will never come, unless it is us who hold the frame.
    } else if (serverSettings.announced && !answers.crowded) this.#close('client-closed');
  }

  #mirrorServerEnd(): void {
    const { answers, connection, window } = this.#session;
    const { upstream } = connection.relay;
    if (!upstream.ended || this.#serverEnded || this.#over) return;
    if (upstream.arrived().length === 0 && this.#fromServer.betweenFrames) {
      this.#serverEnded = true;
      answers.end();
    } else if (!window.indebted) this.#close('server-closed');
  }

  /** Tells the client why, where a frame has room, and ends both connections. */
  #fail({ code, cause, detail }: Failure): void {
    const { answers, records, streams } = this.#session;
    records.failed(cause, detail);
    if (this.#greeted && this.#fromServer.betweenFrames) {
      answers.push(goAwayFrame(streams.highest, code));
      answers.flush();
    }
    this.#close(cause);
  }

  #close(cause: CloseCause): void {
    this.#over = true;
    this.#session.connection.relay.close('graceful', cause);
  }
}
