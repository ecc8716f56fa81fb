/** Rule sets for the judge's tests, and what both judges say. */

import assert from 'node:assert/strict';
import { compileHttpRules } from '../../../proxy/decide.ts';
import { scanRequestHead } from '../../../proxy/http1/request-head.ts';
import { compileJudge, type JudgeNote } from '../../../src/judge/compile.ts';
import { type Judgement, judgeHead } from '../../../src/judge/judge-head.ts';
import type { JudgeTable } from '../../../src/judge/table.ts';
import type { GrpcRule, HttpRule, HttpRuleSet, RuleRef } from '../../../src/policy/resolved.ts';

let sets = 0;

export type Rule = Omit<HttpRule, 'ref'>;
export type Call = Omit<GrpcRule, 'ref'>;

export function ruleSet(http: readonly Rule[], grpc: readonly Call[] = []): HttpRuleSet {
  const ref = (rule: string): RuleRef => ({ policy: 'default/test', rule, file: 'test.yaml', line: 1 });
  return {
    kind: 'http',
    id: 1,
    key: `judge test ${sets++}`,
    audit: false,
    http: http.map((rule, index) => ({ ...rule, ref: ref(`http[${index}]`) })),
    grpc: grpc.map((rule, index) => ({ ...rule, ref: ref(`grpc[${index}]`) })),
  };
}

export interface Compiled {
  readonly rules: HttpRuleSet;
  readonly table: JudgeTable;
  readonly notes: readonly JudgeNote[];
}

export function compiled(http: readonly Rule[], grpc: readonly Call[] = []): Compiled {
  const rules = ruleSet(http, grpc);
  const result = compileJudge(rules);
  assert.ok('table' in result, 'skipped' in result ? result.skipped : '');
  return { rules, ...result };
}

export function judge(table: JudgeTable, head: string): Judgement {
  return judgeHead(table, Buffer.from(head, 'latin1'));
}

/** What the proxy makes of the same bytes; undefined: it does not allow them, or not as they are. */
export function allowedByProxy(
  rules: HttpRuleSet,
  bytes: Uint8Array,
): { readonly length: number; readonly body: number; readonly rule: string; readonly plain: boolean } | undefined {
  const scan = scanRequestHead(bytes);
  if (scan.kind !== 'head') return undefined;
  const { head } = scan;
  const decision = compileHttpRules(rules).decide(head);
  if (decision.verdict !== 'ALLOW' || decision.edits.length > 0) return undefined;
  if (head.upgrade !== undefined || head.body.kind === 'chunked') return undefined;
  const plain = head.version === 'HTTP/1.1' && !head.expectsContinue;
  const body = head.body.kind === 'length' ? head.body.length : 0;
  return { length: head.length, body, rule: decision.rule.rule, plain };
}
