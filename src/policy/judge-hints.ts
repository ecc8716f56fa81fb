/** HTTP rules that the kernel does not judge by, each with the reason. They hold all the same: the proxy judges by them. */

import { compileJudge } from '../judge/compile.ts';
import type { PortMatch } from './policy.ts';
import type { RuleRef } from './resolved.ts';

export interface JudgeHint {
  readonly rule: RuleRef;
  readonly message: string;
}

/** @param matches compiled one by one: which lists meet on one peer and port only the workloads tell */
export function judgeHints(matches: readonly PortMatch[]): JudgeHint[] {
  const seen = new Set<PortMatch['l7']>();
  return matches.flatMap(({ ref, l7 }) => {
    if (l7?.kind !== 'http' || seen.has(l7)) return [];
    seen.add(l7);
    const compiled = compileJudge({ ...l7, id: 0, key: '', audit: false });
    const hints = compiled.notes.map(({ rule, reason }) => ({
      rule,
      message: `the proxy judges by this rule, not the kernel, which costs more: ${reason}`,
    }));
    // Where every rule has its reason, the list needs none.
    if (!('skipped' in compiled) || hints.length > 0) return hints;
    return [
      {
        rule: ref,
        message: `the proxy judges by all of these rules, not the kernel, which costs more: ${compiled.skipped}`,
      },
    ];
  });
}
