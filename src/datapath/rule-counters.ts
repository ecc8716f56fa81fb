/** Requests that the kernel judged, exactly, by rule: `rule_counters`, summed over the CPUs. */

import type { BpfMap } from '../../native/index.ts';
import { rule_counter, rule_key } from './abi.generated.ts';

export interface RuleCount {
  readonly ruleSet: number;
  /** Index in the rule set. */
  readonly rule: number;
  readonly requests: number;
  /** By the status's first digit; 0: it could not be told. */
  readonly responses: readonly number[];
}

const classes = rule_counter.responses.size / 8;

export function readRuleCounts(counters: BpfMap): RuleCount[] {
  const counts: RuleCount[] = [];
  for (const [key, values] of counters.entries()) {
    let requests = 0;
    const responses = Array.from<number>({ length: classes }).fill(0);
    for (let at = 0; at < values.length; at += rule_counter.size) {
      requests += Number(values.readBigUInt64LE(at + rule_counter.requests.offset));
      for (let digit = 0; digit < classes; digit++) {
        const value = values.readBigUInt64LE(at + rule_counter.responses.offset + digit * 8);
        responses[digit] = (responses[digit] ?? 0) + Number(value);
      }
    }
    counts.push({
      ruleSet: key.readUInt32LE(rule_key.rule_set.offset),
      rule: key.readUInt32LE(rule_key.rule.offset),
      requests,
      responses,
    });
  }
  return counts;
}
