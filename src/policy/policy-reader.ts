/**
 * Reading policies without keeping what that takes. A YAML document needs some sixty times its size while it is read, and a
 * heap that has grown does not shrink for long; so large ones are read in a thread, whose heap is gone with it. And what
 * has not changed is not read again: whatever the machine reports (a new namespace, an address) asks for a reading.
 */

import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { limits } from '../limits.ts';
import { loadPolicies } from './load.ts';
import type { ParsedPolicies } from './parse.ts';

interface Reading {
  /** Equal when the files are. */
  readonly signature: string;
  readonly parsed: ParsedPolicies;
}

export class PolicyReader {
  #last: Reading | undefined;

  /** As `loadPolicies`, but of where fields stand the reading keeps only what lies outside of Layer-7 rules. */
  async read(paths: readonly string[]): Promise<ParsedPolicies> {
    const files = paths.flatMap(filesOf);
    const signature = signatureOf(paths, files);
    if (signature !== undefined && signature === this.#last?.signature) return this.#last.parsed;
    const bytes = files.reduce((sum, { size }) => sum + size, 0n);
    const parsed = bytes <= limits.policyInlineBytes ? withoutPlaces(loadPolicies(paths)) : await loadInThread(paths);
    // Files that policies name change by themselves.
    this.#last = signature === undefined || parsed.files.length > 0 ? undefined : { signature, parsed };
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

function loadInThread(paths: readonly string[]): Promise<ParsedPolicies> {
  const thread = new Worker(new URL('./reading-thread.ts', import.meta.url), { workerData: paths });
  return new Promise((resolve, reject) => {
    thread.once('message', resolve).once('error', reject);
    thread.once('exit', () => reject(new Error('the thread that reads policies ended without a word')));
  });
}

interface File {
  readonly path: string;
  readonly size: bigint;
  /** Of the last change of content or attributes, ns since the epoch: unlike mtimeNs nobody can set it. */
  readonly ctimeNs: bigint;
  readonly ino: bigint;
}

/** Of a path's files, those that can be read; what is wrong with the others `loadPolicies` says. */
function filesOf(path: string): File[] {
  try {
    const { size, ctimeNs, ino } = statSync(path, { bigint: true });
    if (!statSync(path).isDirectory()) return [{ path, size, ctimeNs, ino }];
    return readdirSync(path).flatMap((name) => filesOf(join(path, name)));
  } catch {
    return [];
  }
}

/** Undefined: a file has changed so lately that its next change could bear the same time. */
function signatureOf(paths: readonly string[], files: readonly File[]): string | undefined {
  const settled = BigInt(Date.now() - limits.policySettledMs) * 1_000_000n;
  if (files.some(({ ctimeNs }) => ctimeNs > settled)) return undefined;
  return [...paths, ...files.map(({ path, size, ctimeNs, ino }) => `${path} ${size} ${ctimeNs} ${ino}`)].join('\n');
}
