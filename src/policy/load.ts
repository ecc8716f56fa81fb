/** Policies from files and directories, checked against each other. */

import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { limits } from '../limits.ts';
import type { PolicyDiagnostic } from './diagnostic.ts';
import { l7Conflicts } from './l7-conflict.ts';
import { type ParsedPolicies, parsePolicies } from './parse.ts';
import { type Policy, policyKey } from './policy.ts';

export { formatDiagnostic, type PolicyDiagnostic } from './diagnostic.ts';
export { parsePolicies } from './parse.ts';

/**
 * Never throws. A directory stands for its own `*.yaml` and `*.yml`, in the order of their names. With an error among
 * the diagnostics the policies are incomplete and not to be enforced.
 */
export function loadPolicies(paths: readonly string[]): ParsedPolicies {
  const policies: Policy[] = [];
  const diagnostics: PolicyDiagnostic[] = [];
  const files: string[] = [];
  for (const file of new Set(paths.flatMap((path) => filesOf(path, diagnostics)))) {
    const text = readText(file, diagnostics);
    if (text === undefined) continue;
    const parsed = parsePolicies(file, text);
    policies.push(...parsed.policies);
    diagnostics.push(...parsed.diagnostics);
    files.push(...parsed.files);
  }
  const named = distinct(policies, diagnostics);
  diagnostics.push(...l7Conflicts(named));
  return { policies: named, diagnostics, files };
}

function filesOf(path: string, diagnostics: PolicyDiagnostic[]): string[] {
  try {
    if (!statSync(path).isDirectory()) return [path];
    const names = readdirSync(path).filter((name) => /\.ya?ml$/.test(name) && !name.startsWith('.'));
    return names.sort().map((name) => join(path, name));
  } catch (error) {
    diagnostics.push(unreadable(path, error));
    return [];
  }
}

function readText(file: string, diagnostics: PolicyDiagnostic[]): string | undefined {
  try {
    const { size } = statSync(file);
    if (size > limits.policyFileBytes) {
      const message = `the file has ${size} bytes; a policy file has at most ${limits.policyFileBytes}, so split it`;
      diagnostics.push({ file, line: 1, column: 1, severity: 'error', message });
      return undefined;
    }
    const text = new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(file));
    if (text !== '') return text;
    // Who writes in place empties the file first; without its policies its endpoints would be open for that moment.
    const message = 'the file is empty, as one that is just being written; remove it if it is to have no policies';
    diagnostics.push({ file, line: 1, column: 1, severity: 'error', message });
    return undefined;
  } catch (error) {
    diagnostics.push(unreadable(file, error));
    return undefined;
  }
}

function unreadable(file: string, error: unknown): PolicyDiagnostic {
  const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
  const causes: Record<string, string> = {
    ENOENT: 'does not exist',
    ERR_ENCODING_INVALID_ENCODED_DATA: 'is not UTF-8',
  };
  const cause = causes[code] ?? `cannot be read (${code})`;
  const message = `${cause}; give the path of a policy file, or of a directory of *.yaml`;
  return { file, line: 1, column: 1, severity: 'error', message };
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
