/** The files of policies: which ones paths stand for, and their texts. */

import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { limits } from '../limits.ts';
import type { PolicyDiagnostic } from './diagnostic.ts';

export interface PolicyFiles {
  /** Of those that can be read, in the order in which they count. */
  readonly texts: readonly { readonly file: string; readonly text: string }[];
  /** What is wrong with the others. */
  readonly diagnostics: readonly PolicyDiagnostic[];
}

/** Never throws. A directory stands for its own `*.yaml` and `*.yml`, in the order of their names. */
export function readPolicyFiles(paths: readonly string[]): PolicyFiles {
  const diagnostics: PolicyDiagnostic[] = [];
  const files = new Set(paths.flatMap((path) => filesOf(path, diagnostics)));
  const texts = [...files].flatMap((file) => {
    const text = readText(file, diagnostics);
    return text === undefined ? [] : [{ file, text }];
  });
  return { texts, diagnostics };
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
