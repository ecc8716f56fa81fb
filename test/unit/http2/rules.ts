/** Rule sets of the tests, and a decider that is simple enough to be seen through. */

import type { CompileHttpRules, Permit } from '../../../proxy/decide.ts';
import type { HttpRuleSet, RuleRef } from '../../../src/policy/resolved.ts';

export const ref: RuleRef = { policy: 'default/test', rule: 'ingress[0]', file: 'test.yaml', line: 1 };

/** Every request whose path does not contain `deny`. */
export const notDeny: HttpRuleSet = { kind: 'http', id: 1, key: 'not-deny', audit: false, http: [{ ref }], grpc: [] };
export const nothing: HttpRuleSet = { ...notDeny, id: 2, key: 'nothing', http: [] };
export const auditNothing: HttpRuleSet = { ...nothing, id: 3, key: 'audit', audit: true };

const permit = {} as Permit;

/** Paths with `deny` in them are denied, paths with `edit` get and lose a field, `ask` looks at a field. */
export const compile: CompileHttpRules = (ruleSet) => ({
  decide(head) {
    const asked = head.target.includes('ask') && !head.header('x-allowed').includes('yes');
    if (ruleSet.http.length === 0 || head.target.includes('deny') || asked) {
      const no = { reason: 'no-rule', detail: 'no rule allows it' } as const;
      return ruleSet.audit ? { verdict: 'AUDIT', permit, ...no } : { verdict: 'DENY', ...no };
    }
    const edits = head.target.includes('edit')
      ? [
          { rule: ref, match: { name: 'X-Added', value: 'by-rule', mismatch: 'ADD' as const } },
          { rule: ref, match: { name: 'x-removed', mismatch: 'DELETE' as const } },
          { rule: ref, match: { name: 'x-replaced', value: 'new', mismatch: 'REPLACE' as const } },
        ]
      : [];
    return { verdict: 'ALLOW', permit, rule: ref, edits };
  },
});
