/** `secretFile`: a header's value that must not stand in the policy. Read when the policy is loaded. */

import { readFileSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { limits } from '../limits.ts';
import type { Field } from './field.ts';

/** The path is relative to the policy's file. A line end after the value is not part of it. */
export function readSecretFile(field: Field): string | undefined {
  const path = field.string();
  if (path === undefined) return undefined;
  const file = resolve(dirname(field.file), path);
  field.dependsOn(file);
  try {
    const found = statSync(file);
    // A pipe would make the agent wait for whoever writes it.
    if (!found.isFile()) return field.error(`${file} is not a file; give the path of one`);
    const { size } = found;
    if (size > limits.policySecretBytes) {
      return field.error(`${file} has ${size} bytes; a secret has at most ${limits.policySecretBytes}`);
    }
    const value = readFileSync(file, 'utf8').replace(/\r?\n$/, '');
    return value === '' ? field.error(`${file} is empty; write the secret into it`) : value;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    return field.error(
      `${file} ${code === 'ENOENT' ? 'does not exist' : `cannot be read (${code})`}; give the path of a file`,
    );
  }
}
