/**
 * HTTP/2 with prior knowledge (RFC 9113 section 3.3) on a relay, gRPC included.
 *
 * Frames pass as they are. A header block that opens a stream is held until it is judged. As long as every request is
 * allowed as it stands, both peers see each other's bytes; the first one that is not makes the connection diverge
 * (`Streams.diverged`): the server's HPACK table stays behind, so from then on the client's blocks are decoded with its
 * own table and encoded anew without any. The server's blocks are never touched: answers of our own use no table either.
 */

import { limits } from '../../src/limits.ts';
import type { HttpRuleSet, L7RuleSet } from '../../src/policy/resolved.ts';
import type { Connection, ProtocolFactory } from '../connection.ts';
import type { CompileHttpRules } from '../decide.ts';
import type { CloseCause, Protocol } from '../relay.ts';
import { ClientFrames } from './client-frames.ts';
import { FramePump } from './frame-pump.ts';
import { errorCode, goAwayFrame, preface, windowUpdateFrame } from './frames.ts';
import { Requests } from './requests.ts';
import { ServerFrames } from './server-frames.ts';
import { type Failure, Session } from './session.ts';
import { Verdicts } from './verdicts.ts';

/** How often an open connection is looked at for calls that last, heads that do not end and silence, ms. */
const tickMs = 1_000;

/** A connection whose bytes are handed over from the preface on. */
export function http2With(compile: CompileHttpRules): ProtocolFactory {
  return (connection) => new Http2(connection, compile);
}

class Http2 implements Protocol {
  readonly #session: Session;
  readonly #verdicts: Verdicts;
  readonly #clientFrames: ClientFrames;
  readonly #fromClient: FramePump;
  readonly #fromServer: FramePump;
  #greeted = false;
  #over = false;
  #clientEnded = false;
  #serverEnded = false;
  #moved: number;
  /** Since when the client owes the rest of a frame that is held. */
  #holding: number | undefined;

  constructor(connection: Connection, compile: CompileHttpRules) {
    const { downstream, upstream } = connection.relay;
    this.#session = new Session(connection);
    this.#verdicts = new Verdicts(compile, httpRules(connection.ruleSet()));
    this.#clientFrames = new ClientFrames(this.#session, new Requests(this.#session, this.#verdicts));
    this.#fromClient = new FramePump(downstream, upstream, this.#clientFrames);
    this.#fromServer = new FramePump(upstream, downstream, new ServerFrames(this.#session));
    this.#moved = connection.now();
    connection.relay.timer(tickMs);
  }

  onDownstream(): void {
    this.#moved = this.#session.connection.now();
    this.#move();
  }

  onUpstream(): void {
    this.#moved = this.#session.connection.now();
    this.#move();
  }

  onDrain(): void {
    this.#move();
  }

  onTimer(): void {
    if (this.#over) return;
    const { connection, records, streams } = this.#session;
    const now = connection.now();
    for (const stream of streams.live.values()) records.openIfLasting(stream, now);
    if (this.#holding !== undefined && now - this.#holding > limits.httpHeadTimeoutMs) this.#close('head-timeout');
    else if (now - this.#moved > limits.idleTimeoutMs) this.#close('idle-timeout');
    else connection.relay.timer(tickMs);
  }

  onPolicy(): void {
    this.#verdicts.use(httpRules(this.#session.connection.ruleSet()));
  }

  onStop(): void {
    if (this.#session.draining) return;
    this.#session.draining = true;
    this.#session.answers.push(goAwayFrame(this.#session.streams.highest, errorCode.none));
    this.#move();
  }

  onClosed(): void {
    this.#over = true;
    for (const stream of this.#session.streams.live.values()) this.#session.records.finish(stream);
    this.#session.streams.live.clear();
  }

  /** Both directions, because each may be what the other waits for. */
  #move(): void {
    if (this.#over || !this.#greet()) return;
    const { answers } = this.#session;
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
      else this.#holding ??= this.#session.connection.now();
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

  #watchHeld(): void {
    if (this.#session.connection.relay.downstream.arrived().length === 0) this.#holding = undefined;
    else this.#holding ??= this.#session.connection.now();
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
    const { connection, window } = this.#session;
    const { downstream, upstream } = connection.relay;
    if (!upstream.ended || this.#serverEnded || this.#over) return;
    if (upstream.arrived().length === 0) {
      this.#serverEnded = true;
      downstream.end();
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

/** The rule set's kind was what chose this protocol, and the server part keeps it so. */
function httpRules(ruleSet: L7RuleSet): HttpRuleSet {
  return ruleSet.kind === 'http' ? ruleSet : { kind: 'http', id: 0, key: '', audit: false, http: [], grpc: [] };
}
