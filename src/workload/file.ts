/**
 * The workloads file.
 *
 *     workloads:
 *       - name: web            # unique in its namespace
 *         namespace: default   # optional
 *         labels: {app: web}
 *         netns: web           # or `interface: veth1` (host side), or `addresses: [10.0.0.2]` for a remote one
 */

import { readFileSync, statSync } from 'node:fs';
import type { Node } from 'yaml';
import { limits } from '../limits.ts';
import type { PolicyDiagnostic } from '../policy/diagnostic.ts';
import { WorkloadDocument } from './document.ts';
import { type Entry, readEntry } from './entry.ts';
import { type Workload, workloadKey } from './workload.ts';

export interface LoadedWorkloads {
  /** Empty when there is an error: a file is in force as a whole or not at all. */
  readonly workloads: readonly Workload[];
  readonly diagnostics: readonly PolicyDiagnostic[];
}

/** Never throws; a file that can't be read is an error at 1:1. */
export function loadWorkloads(file: string): LoadedWorkloads {
  try {
    const { size } = statSync(file);
    if (size > limits.workloadsFileBytes) {
      return refused(file, `the file has ${size} bytes; a workloads file has at most ${limits.workloadsFileBytes}`);
    }
    return readWorkloads(file, new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(file)));
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    if (code === 'ENOENT') return refused(file, 'there is no such file; give --workloads a file that can be read');
    if (code === 'ERR_ENCODING_INVALID_ENCODED_DATA') return refused(file, 'the file is not UTF-8; save it as UTF-8');
    return refused(file, `the file cannot be read (${code}); give --workloads a file that can be read`);
  }
}

function refused(file: string, message: string): LoadedWorkloads {
  return { workloads: [], diagnostics: [{ file, line: 1, column: 1, severity: 'error', message }] };
}

/** As `loadWorkloads`, of text that was read already; `file` is for messages. */
export function readWorkloads(file: string, text: string): LoadedWorkloads {
  const document = new WorkloadDocument(file);
  const root = document.parse(text);
  const entries = root ? readEntries(document, root) : [];
  rejectDuplicates(document, entries);
  const { errors } = document;
  return { workloads: errors.length > 0 ? [] : entries.map(({ workload }) => workload), diagnostics: errors };
}

function readEntries(document: WorkloadDocument, root: Node): Entry[] {
  const fields = document.fields(root, 'the file');
  for (const { name, key } of fields) {
    if (name !== 'workloads') document.error(key, `unknown field ${name}; the file has one, workloads`);
  }
  const list = fields.find(({ name }) => name === 'workloads');
  if (!list) {
    if (document.errors.length === 0) document.error(root, 'the file has no workloads; add a list `workloads:`');
    return [];
  }
  return (document.items(list) ?? []).flatMap((node) => readEntry(document, node) ?? []);
}

function rejectDuplicates(document: WorkloadDocument, entries: readonly Entry[]): void {
  const names = new Set<string>();
  const owners = new Map<string, string>();
  for (const { workload, nameNode, claims } of entries) {
    const key = workloadKey(workload);
    if (names.has(key)) document.error(nameNode, `there is a workload ${key} already; give each its own name`);
    names.add(key);
    for (const { what, node } of claims) {
      const owner = owners.get(what);
      if (owner !== undefined)
        document.error(node, `${what} belongs to workload ${owner} already; give it to one only`);
      owners.set(what, key);
    }
  }
}
