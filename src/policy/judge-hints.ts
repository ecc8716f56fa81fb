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
      message: `requests that only this rule allows go to the proxy, which costs more than the kernel's judge: ${reason}`,
    }));
    // Where every rule has its reason, the list needs none.
    if (!('skipped' in compiled) || hints.length > 0) return hints;
    return [
      {
        rule: ref,
        message: `all requests under these rules go to the proxy, which costs more than the kernel's judge: ${compiled.skipped}`,
      },
    ];
  });
}
