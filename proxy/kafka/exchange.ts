/**
 * What both directions of one Kafka connection share: the requests under way, the rules in force, the end.
 */

import type { KafkaRuleSet } from '../../src/policy/resolved.ts';
import type { Connection } from '../connection.ts';
import type { DenyReason } from '../record.ts';
import type { CloseCause } from '../relay.ts';
import { brokersIn } from './brokers.ts';
import type { Shares } from './request.ts';
import { compileRules, type Rules } from './rules.ts';
import { ShareSessions } from './share-sessions.ts';
import { type Judged, Slots } from './slots.ts';
import { TopicIds } from './topic-ids.ts';

export class Exchange {
  readonly connection: Connection;
  readonly slots = new Slots();
  /** Takes no more requests; the connection ends when those under way are answered. */
  ending = false;
  closed = false;
  /** The next request waits for what the broker says to a question of ours. */
  asking = false;
  readonly shares: Shares = { topicIds: new TopicIds(), sessions: new ShareSessions() };
  #ruleSet: KafkaRuleSet | undefined;
  #rules: Rules | undefined;

  constructor(connection: Connection) {
    this.connection = connection;
  }

  /** Undefined: the connection is not under Kafka rules any more. */
  rules(): Rules | undefined {
    const ruleSet = this.connection.ruleSet();
    if (ruleSet.kind !== 'kafka') return undefined;
    if (ruleSet !== this.#ruleSet) {
      this.#ruleSet = ruleSet;
      this.#rules = compileRules(ruleSet);
    }
    return this.#rules;
  }

  close(how: 'graceful' | 'reset', cause: CloseCause): void {
    if (this.closed) return;
    this.closed = true;
    this.connection.relay.close(how, cause);
  }

  /** @param frame what the client gets, as far as it is there */
  nameBrokers({ api, version }: Judged, frame: Uint8Array): void {
    const brokers = brokersIn(frame, api, version);
    if (brokers.length > 0) this.connection.onBrokers?.(brokers);
  }

  /** The record of a request that was judged. `error`: what our denial or the broker's response says. */
  record(request: Judged, error: number | undefined, refused?: { reason: DenyReason; detail: string }): void {
    const { access, api } = request;
    const { connection } = this;
    const denied = refused !== undefined || access.deniedCount > 0;
    const reason = refused?.reason ?? 'no-rule';
    connection.recorder.record({
      time: request.time,
      connection: connection.facts,
      verdict: !denied ? 'ALLOW' : access.audit && refused === undefined ? 'AUDIT' : 'DENY',
      ...(denied ? { reason, detail: describe(request, refused?.detail) } : {}),
      ...(!denied && access.rule !== undefined ? { rule: access.rule } : {}),
      l7: {
        protocol: 'kafka',
        api: api.name,
        version: request.version,
        clientId: request.clientId,
        correlationId: request.correlationId,
        topics: access.topics,
        ...(error === undefined ? {} : { errorCode: error }),
      },
      latencyMs: connection.now() - request.time,
    });
  }

  /** The record of bytes that are no request which we could judge. */
  recordRefusal(
    reason: DenyReason,
    detail: string,
    facts?: { key: number; version: number; correlationId: number },
  ): void {
    const { connection } = this;
    connection.recorder.record({
      time: connection.now(),
      connection: connection.facts,
      verdict: 'DENY',
      reason,
      detail,
      ...(facts === undefined
        ? {}
        : {
            l7: {
              protocol: 'kafka',
              api: String(facts.key),
              version: facts.version,
              clientId: '',
              correlationId: facts.correlationId,
              topics: [],
            },
          }),
    });
  }
}

function describe({ access }: Judged, detail: string | undefined): string {
  const more = access.deniedCount - access.denied.length;
  const named = access.denied.join(', ') + (more > 0 ? ` and ${more} more` : '');
  if (named === '') return detail ?? '';
  return detail === undefined ? `no rule allows ${named}` : `${detail}; no rule allows ${named}`;
}
