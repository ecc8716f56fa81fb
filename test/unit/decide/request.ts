/** Requests and rule sets of the verdict's tests. */

import { isLookalike } from '../../../proxy/decide/field-name.ts';
import { compileHttpRules, type HttpDecision, type HttpRequestHead } from '../../../proxy/decide.ts';
import type { GrpcRule, HttpRule, HttpRuleSet } from '../../../src/policy/resolved.ts';

export interface Asked {
  readonly method?: string;
  readonly host?: string;
  /** Field lines, names in any case. */
  readonly fields?: readonly (readonly [name: string, value: string])[];
}

export function request(target: string, { method = 'GET', host = 'h', fields = [] }: Asked = {}): HttpRequestHead {
  return {
    method,
    target,
    host,
    header: (name) => fields.filter(([given]) => given.toLowerCase() === name).map(([, value]) => value),
    hasLookalike: (name) => fields.some(([given]) => isLookalike(given, name)),
  };
}

let ruleSets = 0;

export function ruleSet(
  rules: readonly Omit<HttpRule, 'ref'>[],
  grpc: readonly Omit<GrpcRule, 'ref'>[] = [],
  audit = false,
): HttpRuleSet {
  const ref = (kind: string, index: number) => ({
    policy: 'default/test',
    rule: `ingress[0].toPorts[0].rules.${kind}[${index}]`,
    file: 'test.yaml',
    line: 1,
  });
  return {
    kind: 'http',
    id: 1,
    key: `decide ${++ruleSets}`,
    audit,
    http: rules.map((rule, index) => ({ ...rule, ref: ref('http', index) })),
    grpc: grpc.map((rule, index) => ({ ...rule, ref: ref('grpc', index) })),
  };
}

/** `ALLOW`, or the verdict and its reason. */
export function said(decision: HttpDecision): string {
  return decision.verdict === 'ALLOW' ? 'ALLOW' : `${decision.verdict} ${decision.reason}`;
}

/** What one rule says of a request. */
export function verdict(rule: Omit<HttpRule, 'ref'>, target: string, asked: Asked = {}): string {
  return said(compileHttpRules(ruleSet([rule])).decide(request(target, asked)));
}
