/** Rule sets of the tests. */

import type { HttpRuleSet, RuleRef } from '../../../src/policy/resolved.ts';

export const ref: RuleRef = { policy: 'default/test', rule: 'ingress[0]', file: 'test.yaml', line: 1 };

/** One segment of a path that begins with neither `deny` nor `ask`; RE2 has no negation. */
const segment = '/(?:(?:[^ad/]|a[^s/]|d[^e/]|as[^k/]|de[^n/])[^/]*)?';

/** Allowed is what has no segment that begins with `deny`; `ask` needs a field, and `/edit` has its fields changed. */
export const notDeny: HttpRuleSet = {
  kind: 'http',
  id: 1,
  key: 'not-deny',
  audit: false,
  http: [
    { ref, path: `(?:${segment})+` },
    { ref, path: '/ask', headers: ['X-Allowed: yes'] },
    {
      ref,
      path: '/edit',
      headerMatches: [
        { name: 'X-Added', value: 'by-rule', mismatch: 'ADD' },
        { name: 'x-removed', value: 'wanted', mismatch: 'DELETE' },
        { name: 'x-replaced', value: 'new', mismatch: 'REPLACE' },
      ],
    },
  ],
  grpc: [],
};
export const nothing: HttpRuleSet = { ...notDeny, id: 2, key: 'nothing', http: [] };
export const auditNothing: HttpRuleSet = { ...nothing, id: 3, key: 'audit', audit: true };
/** First-class gRPC rules: one method of one service, and another service whole. */
export const grpcRules: HttpRuleSet = {
  ...nothing,
  id: 4,
  key: 'grpc',
  grpc: [
    { ref, service: 'test.Echo', method: 'Unary' },
    { ref, service: 'test.Whole' },
  ],
};
