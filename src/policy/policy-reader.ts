/**
 * Reading policies without keeping what that takes. A YAML document needs some sixty times its size while it is read, and a
 * heap that has grown does not shrink for long; so large ones are read in a thread, whose heap is gone with it. And the same
 * texts are not read again: whatever the machine reports (a new namespace, an address) asks for a reading.
 */

import { createHash } from 'node:crypto';
import { Worker } from 'node:worker_threads';
import { limits } from '../limits.ts';
import { parseFiles } from './load.ts';
import type { ParsedPolicies } from './parse.ts';
import { type PolicyFiles, readPolicyFiles } from './policy-files.ts';

interface Reading {
  /** Equal when the texts are. */
  readonly signature: string;
  readonly parsed: ParsedPolicies;
}

export class PolicyReader {
  #last: Reading | undefined;

  /** As `loadPolicies`, but of where fields stand the reading keeps only what lies outside of Layer-7 rules. */
  async read(paths: readonly string[]): Promise<ParsedPolicies> {
    const files = readPolicyFiles(paths);
    const signature = signatureOf(files);
    if (signature === this.#last?.signature) return this.#last.parsed;
    const length = files.texts.reduce((sum, { text }) => sum + text.length, 0);
    const parsed = length <= limits.policyInlineBytes ? withoutPlaces(parseFiles(files)) : await parseInThread(files);
    // Files that policies name change by themselves.
    this.#last = parsed.files.length > 0 ? undefined : { signature, parsed };
    return parsed;
  }
}

/** Four places a rule are more than the rule. */
export function withoutPlaces({ policies, diagnostics, files }: ParsedPolicies): ParsedPolicies {
  const kept = policies.map((policy) => ({
    ...policy,
    positions: new Map([...policy.positions].filter(([path]) => !path.includes('.rules.'))),
  }));
  return { policies: kept, diagnostics, files };
}

function parseInThread(files: PolicyFiles): Promise<ParsedPolicies> {
  const thread = new Worker(new URL('./reading-thread.ts', import.meta.url), { workerData: files });
  return new Promise((resolve, reject) => {
    thread.once('message', resolve).once('error', reject);
    thread.once('exit', () => reject(new Error('the thread that reads policies ended without a word')));
  });
}

function signatureOf(files: PolicyFiles): string {
  return createHash('sha256').update(JSON.stringify(files)).digest('base64url');
}
