/**
 * A scenario is played as it is written and once more with every byte arriving alone: either way client and server must
 * get the same, and the same must be recorded.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { http1 } from '../../../proxy/http1/http1.ts';
import type { ConnectionFacts, FlowRecord } from '../../../proxy/record.ts';
import type { Address, EndpointId, IdentityId, Port } from '../../../src/identity/identity.ts';
import type { HttpRule, HttpRuleSet, L7RuleSet } from '../../../src/policy/resolved.ts';
import { MemoryRelay } from './memory-relay.ts';

const facts: ConnectionFacts = {
  direction: 'ingress',
  endpoint: 1 as EndpointId,
  peer: 2 as IdentityId,
  client: { address: '10.0.0.1' as Address, port: 40_000 as Port },
  server: { address: '10.0.0.2' as Address, port: 80 as Port },
};

let ruleSets = 0;

export function ruleSet(rules: readonly Omit<HttpRule, 'ref'>[], audit = false): HttpRuleSet {
  const http = rules.map((rule, index) => ({
    ...rule,
    ref: { policy: 'default/test', rule: `ingress[0].toPorts[0].rules.http[${index}]`, file: 'test.yaml', line: 1 },
  }));
  return { kind: 'http', id: 1, key: `scenario ${++ruleSets}`, audit, http, grpc: [] };
}

/** `/ok…` may be asked for, with any method. */
export const onlyOk = ruleSet([{ path: '/ok.*' }]);

export class Play {
  readonly flows: FlowRecord[] = [];
  readonly relay: MemoryRelay;
  rules: L7RuleSet;
  readonly #byByte: boolean;
  #clientTaken = 0;
  #serverTaken = 0;

  constructor(rules: L7RuleSet, byByte: boolean) {
    this.rules = rules;
    this.#byByte = byByte;
    this.relay = new MemoryRelay((relay) =>
      http1({
        facts,
        relay,
        recorder: { record: (flow) => this.flows.push(flow) },
        ruleSet: () => this.rules,
        now: () => 1_000,
      }),
    );
  }

  client(text: string): void {
    for (const part of this.#parts(text)) if (!this.relay.closed) this.relay.fromClient(part);
  }

  server(text: string): void {
    for (const part of this.#parts(text)) if (!this.relay.closed) this.relay.fromServer(part);
  }

  /** What the client got since the last call is exactly this. */
  clientGot(text: string): void {
    const all = Buffer.concat(this.relay.downstream.got).toString('latin1');
    assert.equal(all.slice(this.#clientTaken), text);
    this.#clientTaken = all.length;
  }

  serverGot(text: string): void {
    const all = Buffer.concat(this.relay.upstream.got).toString('latin1');
    assert.equal(all.slice(this.#serverTaken), text);
    this.#serverTaken = all.length;
  }

  /** `VERDICT [reason] [method target] [status]`, one a record. */
  recorded(...lines: string[]): void {
    const said = this.flows.map(({ verdict, reason, l7, status }) => {
      const what = l7?.protocol === 'http' ? `${l7.method} ${l7.target}` : '';
      return [verdict, reason, what, status].filter((part) => part !== undefined && part !== '').join(' ');
    });
    assert.deepEqual(said, lines);
  }

  closed(how: 'graceful' | 'reset', cause: string): void {
    assert.deepEqual(this.relay.closed, { how, cause });
  }

  open(): void {
    assert.equal(this.relay.closed, undefined);
  }

  #parts(text: string): Buffer[] {
    const bytes = Buffer.from(text, 'latin1');
    return this.#byByte ? Array.from(bytes, (byte) => Buffer.from([byte])) : [bytes];
  }
}

export function scenario(name: string, play: (play: Play) => void, rules: L7RuleSet = onlyOk): void {
  test(`${name}`, () => play(new Play(rules, false)));
  test(`${name}, byte by byte`, () => play(new Play(rules, true)));
}

export function get(target: string, ...fields: string[]): string {
  return request('GET', target, ...fields);
}

export function request(method: string, target: string, ...fields: string[]): string {
  return `${method} ${target} HTTP/1.1\r\n${['Host: h', ...fields].join('\r\n')}\r\n\r\n`;
}

export function response(status: string, body: string, ...fields: string[]): string {
  return `HTTP/1.1 ${status}\r\n${[`Content-Length: ${body.length}`, ...fields].join('\r\n')}\r\n\r\n${body}`;
}

export const denied =
  'HTTP/1.1 403 Forbidden\r\ncontent-type: text/plain\r\ncontent-length: 15\r\n\r\nAccess denied\r\n';
export const deniedAndClosed =
  'HTTP/1.1 403 Forbidden\r\ncontent-type: text/plain\r\ncontent-length: 15\r\nconnection: close\r\n\r\nAccess denied\r\n';
export const bad =
  'HTTP/1.1 400 Bad Request\r\ncontent-type: text/plain\r\ncontent-length: 13\r\nconnection: close\r\n\r\nBad request\r\n';
