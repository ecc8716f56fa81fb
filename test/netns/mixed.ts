/** Allowed and denied requests of all kinds from a namespace, and what became of each. */

import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import type { Namespace } from './namespace.ts';

export type Asked = {
  /** The request's number is its last part. */
  readonly path: string;
  readonly allowed: boolean;
  /** Until the last byte of the answer, or the failure. */
  readonly ms: number;
} & (
  | { readonly status: number /** The answer is the origin's, whole. */; readonly right: boolean }
  | { readonly error: string }
);

/** @param base `http://host:port` */
export async function mixedRequests(
  namespace: Namespace,
  base: string,
  connections: number,
  requestsEach: number,
): Promise<readonly Asked[]> {
  const script = fileURLToPath(new URL('mixed-client.ts', import.meta.url));
  const counts = [String(connections), String(requestsEach)];
  const { code, stdout, stderr } = await namespace.run(process.execPath, script, base, ...counts);
  assert.equal(code, 0, stderr);
  const lines = stdout.split('\n').filter((line) => line !== '');
  return lines.map((line) => JSON.parse(line) as Asked);
}
