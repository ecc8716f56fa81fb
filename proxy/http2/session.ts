/** What the two directions of one HTTP/2 connection share. */

import { limits } from '../../src/limits.ts';
import type { HttpRuleSet } from '../../src/policy/resolved.ts';
import type { Connection } from '../connection.ts';
import { compileHttpRules, type HttpDecider } from '../decide.ts';
import type { CloseCause } from '../relay.ts';
import { Answers } from './answers.ts';
import { Budget } from './budget.ts';
import { ClientWindow } from './client-window.ts';
import { HpackDecoder } from './hpack/decoder.ts';
import type { Http2Progress } from './progress.ts';
import { Records } from './records.ts';
import { PeerSettings } from './settings.ts';
import { type Stream, Streams } from './streams.ts';

/** Why the connection has to end; `code` goes out with GOAWAY. */
export interface Failure {
  readonly code: number;
  readonly cause: CloseCause & ('malformed' | 'limit');
  /** For the flow record. */
  readonly detail: string;
}

const requestLimits = { listBytes: limits.httpHeadBytes, fields: limits.httpHeadFields };
const responseLimits = { listBytes: limits.http2ResponseBytes, fields: limits.http2ResponseFields };

export class Session {
  readonly connection: Connection;
  readonly streams: Streams;
  readonly clientSettings: PeerSettings;
  readonly serverSettings: PeerSettings;
  readonly window: ClientWindow;
  readonly answers: Answers;
  readonly records: Records;
  /** Mirror of the table that the client's encoder fills. */
  readonly requestFields: HpackDecoder;
  /** The same for the server's. */
  readonly responseFields: HpackDecoder;
  readonly #resets: Budget;
  readonly #controls: Budget;
  /** Of the rule set in force. */
  decider: HttpDecider;
  failure: Failure | undefined;
  /** GOAWAY has been sent: no further stream is let through. */
  draining = false;

  /** @param from of the session that another owner of the connection had */
  constructor(connection: Connection, from?: Http2Progress) {
    this.connection = connection;
    this.decider = deciderOf(connection);
    this.streams = new Streams(from);
    this.clientSettings = new PeerSettings(from?.clientSettings);
    this.serverSettings = new PeerSettings(from?.serverSettings);
    this.window = new ClientWindow(from?.window);
    this.requestFields = new HpackDecoder(requestLimits, from?.requestFields);
    this.responseFields = new HpackDecoder(responseLimits, from?.responseFields);
    this.answers = new Answers(connection.relay.downstream, this.window, this.clientSettings);
    this.records = new Records(connection);
    // An upper bound, until they are looked at.
    this.records.lasting = this.streams.live.size;
    const now = connection.now();
    this.#resets = new Budget(limits.http2ResetBurst, limits.http2ResetsPerSecond, now);
    this.#controls = new Budget(limits.http2ControlBurst, limits.http2ControlsPerSecond, now);
  }

  /** The first failure counts. Always `stop`, so that a handler can return it. */
  fail(code: number, cause: Failure['cause'], detail: string): 'stop' {
    this.failure ??= { code, cause, detail };
    return 'stop';
  }

  usePolicy(): void {
    this.decider = deciderOf(this.connection);
  }

  /** A stream was reset for what the client did, by whichever side. False: there were too many. */
  countReset(): boolean {
    return this.#resets.spend(this.connection.now());
  }

  /** A frame of the client that asks for work and carries none. */
  countControl(): boolean {
    return this.#controls.spend(this.connection.now());
  }

  clientEnds(stream: Stream): void {
    stream.clientOpen = false;
    if (!stream.serverOpen) this.streams.live.delete(stream.id);
  }

  serverEnds(stream: Stream): void {
    stream.serverOpen = false;
    this.records.finish(stream);
    if (!stream.clientOpen) this.streams.live.delete(stream.id);
  }

  /** The stream was reset. */
  finish(id: number): void {
    const stream = this.streams.live.get(id);
    if (stream === undefined) return;
    this.records.finish(stream);
    this.streams.live.delete(id);
  }
}

const noRules: HttpRuleSet = { kind: 'http', id: 0, key: '', audit: false, http: [], grpc: [] };

/** The kind of rule set is what chose this protocol, and stays as long as the connection; in doubt nothing is allowed. */
function deciderOf(connection: Connection): HttpDecider {
  const ruleSet = connection.ruleSet();
  return compileHttpRules(ruleSet.kind === 'http' ? ruleSet : noRules);
}
