/** Which flows the operator wants to see; all conditions that are given must hold. */

import { RE2JS } from 're2js';
import type { Verdict } from '../../proxy/record.ts';
import type { Flow, FlowEnd } from './flow.ts';

export interface FlowConditions {
  readonly verdict?: Verdict;
  /** `name` or `namespace/name`, of either end. */
  readonly workload?: string;
  readonly protocol?: string;
  /** RE2 pattern that the whole request target must match. Path and method are of HTTP requests only. */
  readonly httpPath?: string;
  readonly httpMethod?: string;
}

export type FlowFilter = (flow: Flow) => boolean;

/** @throws {Error} when `httpPath` is not a pattern of RE2's language. */
export function flowFilter(conditions: FlowConditions): FlowFilter {
  const { verdict, workload, protocol, httpPath, httpMethod } = conditions;
  const checks: FlowFilter[] = [];
  if (verdict !== undefined) checks.push((flow) => flow.verdict === verdict);
  if (workload !== undefined) {
    checks.push((flow) => isNamed(flow.source, workload) || isNamed(flow.destination, workload));
  }
  if (protocol !== undefined) checks.push((flow) => flow.protocol === protocol);
  if (httpMethod !== undefined) {
    checks.push((flow) => flow.l7?.protocol === 'http' && flow.l7.method === httpMethod);
  }
  if (httpPath !== undefined) {
    const pattern = compile(httpPath);
    checks.push((flow) => flow.l7?.protocol === 'http' && pattern.matches(flow.l7.target));
  }
  return (flow) => checks.every((check) => check(flow));
}

function compile(pattern: string): RE2JS {
  try {
    return RE2JS.compile(pattern);
  } catch (error) {
    const cause = error instanceof Error ? error.message : String(error);
    throw new Error(`the path ${JSON.stringify(pattern)} is not a pattern of RE2's language: ${cause}`);
  }
}

function isNamed({ name }: FlowEnd, wanted: string): boolean {
  return name === wanted || (name?.endsWith(`/${wanted}`) ?? false);
}
