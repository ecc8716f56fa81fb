/** A tap whose endpoint has an HTTP rule on port 80 that the kernel judges by, as server and as client. */

import { compileJudge } from '../../src/judge/compile.ts';
import type { JudgeTable } from '../../src/judge/table.ts';
import type { DirectionPolicy, HttpRule, HttpRuleSet, PortRange, RuleRef } from '../../src/policy/resolved.ts';
import { enforced, ids, TapBench } from './bench-tap.ts';
import { protocols } from './packet.ts';

export const ref: RuleRef = { policy: 'default/p', rule: 'egress[0]', file: 'p.yaml', line: 1 };

export function ruleSet(id: number, ...rules: readonly Omit<HttpRule, 'ref'>[]): HttpRuleSet {
  return { kind: 'http', id, key: `${id}`, audit: false, http: rules.map((rule) => ({ ref, ...rule })), grpc: [] };
}

export const rules = ruleSet(5, { method: 'GET', path: '/ok(/.*)?' }, { method: 'POST', path: '/up' });

export function tableOf(set: HttpRuleSet): JudgeTable {
  const compiled = compileJudge(set);
  if ('skipped' in compiled) throw new Error(compiled.skipped);
  return compiled.table;
}

export function under(set: HttpRuleSet): DirectionPolicy {
  const range: PortRange = {
    protocol: protocols.tcp,
    first: 80,
    last: 80,
    verdict: { verdict: 'l7', ref, ruleSet: set },
  };
  return enforced([ids.peer, [range]]);
}

export function judgeBench(options: { readonly maxStreams?: number } = {}): TapBench {
  const bench = new TapBench(under(rules), under(rules), options);
  bench.putTable(rules.id, tableOf(rules));
  bench.switchJudge(true);
  return bench;
}

export function get(path: string, ...fields: readonly string[]): string {
  return [`GET ${path} HTTP/1.1`, 'Host: origin', ...fields, '', ''].join('\r\n');
}

export function post(length: number): string {
  return `POST /up HTTP/1.1\r\nHost: origin\r\nContent-Length: ${length}\r\n\r\n`;
}
