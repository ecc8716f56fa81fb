/** The L7 rule sets: what several rules say about one peer and port, as one OR with a number for the kernel. */

import { createHash } from 'node:crypto';
import { Allocation } from '../identity/allocation.ts';
import type { L7Rules } from './policy.ts';
import type { L7RuleSet } from './resolved.ts';

export class RuleSets {
  readonly #ids = new Allocation<number>(1, 2 ** 31 - 1);

  /** @returns `undefined` when the rules are of different protocols, which cannot be told apart on one port. */
  merge(parts: readonly L7Rules[], audit: boolean): L7RuleSet | undefined {
    const http = parts.filter((part) => part.kind === 'http');
    const kafka = parts.filter((part) => part.kind === 'kafka');
    if (http.length > 0 && kafka.length > 0) return undefined;
    const rules =
      kafka.length > 0
        ? ({ kind: 'kafka', kafka: kafka.flatMap((part) => part.kafka) } as const)
        : ({ kind: 'http', http: http.flatMap((part) => part.http), grpc: http.flatMap((part) => part.grpc) } as const);
    // Hashed: rules may hold secrets, and keys are printed.
    const key = createHash('sha256')
      .update(JSON.stringify([audit, rules]))
      .digest('base64url');
    return { ...rules, id: this.#ids.of(key), key, audit };
  }
}
