/** Policies from files and directories, checked against each other. */

import type { PolicyDiagnostic } from './diagnostic.ts';
import { l7Conflicts } from './l7-conflict.ts';
import { type ParsedPolicies, parsePolicies } from './parse.ts';
import { type Policy, policyKey } from './policy.ts';
import { type PolicyFiles, readPolicyFiles } from './policy-files.ts';

export { formatDiagnostic, type PolicyDiagnostic } from './diagnostic.ts';
export { parsePolicies } from './parse.ts';

/** Never throws. With an error among the diagnostics the policies are incomplete and not to be enforced. */
export function loadPolicies(paths: readonly string[]): ParsedPolicies {
  return parseFiles(readPolicyFiles(paths));
}

/** As `loadPolicies`, of files that were read. */
export function parseFiles(read: PolicyFiles): ParsedPolicies {
  const policies: Policy[] = [];
  const diagnostics = [...read.diagnostics];
  const files: string[] = [];
  for (const { file, text } of read.texts) {
    const parsed = parsePolicies(file, text);
    policies.push(...parsed.policies);
    diagnostics.push(...parsed.diagnostics);
    files.push(...parsed.files);
  }
  const named = distinct(policies, diagnostics);
  diagnostics.push(...l7Conflicts(named));
  return { policies: named, diagnostics, files };
}

/** Two of one name would replace each other in Kubernetes, so one of them is a mistake. */
function distinct(policies: readonly Policy[], diagnostics: PolicyDiagnostic[]): Policy[] {
  const seen = new Map<string, Policy>();
  for (const policy of policies) {
    const key = `${policy.kind} ${policyKey(policy)}`;
    const first = seen.get(key);
    if (!first) {
      seen.set(key, policy);
      continue;
    }
    const { file, position } = policy;
    const place = `${first.file}:${first.position.line}:${first.position.column}`;
    const message = `the ${policy.kind} ${policyKey(policy)} stands at ${place} already; give one of them another name`;
    diagnostics.push({ file, ...position, severity: 'error', message });
  }
  return [...seen.values()];
}
