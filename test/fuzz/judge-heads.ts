/**
 * Rule sets and request heads for the kernel's judge: from the grammar of RFC 9112, and damaged. The same seed gives the
 * same bytes.
 */

import type { Random } from '../unit/http1/mutations.ts';
import type { Call, Rule } from '../unit/judge/rule-sets.ts';
import {
  calls,
  headerRules,
  hostRules,
  hosts,
  methodRules,
  oddFields,
  oddMethods,
  oddSegments,
  oddTargets,
  oddVersions,
  pathRules,
  pieces,
  plainFields,
  plainMethods,
  queries,
  segments,
} from './judge-words.ts';

function maybe<T>(random: Random, one: number, outOf: number, make: () => T): T | undefined {
  return random.below(outOf) < one ? make() : undefined;
}

/** At most `bound - 1` of them. */
function several<T>(random: Random, bound: number, make: () => T): T[] {
  return Array.from({ length: random.below(bound) }, make);
}

/** @returns the arguments of `ruleSet` */
export function rules(random: Random): { readonly http: Rule[]; readonly grpc: Call[] } {
  const http = Array.from({ length: 1 + random.below(8) }, () => rule(random));
  // A node's rule sets have literal paths by the hundred, too.
  for (let count = random.below(8) === 0 ? random.below(400) : 0; count > 0; count--) {
    http.push({ path: literalPath(random), ...(random.below(2) === 0 && { method: 'GET' }) });
  }
  return { http, grpc: random.below(4) === 0 ? several(random, 3, () => random.of(calls)) : [] };
}

function rule(random: Random): Rule {
  const method = maybe(random, 1, 2, () => random.of(methodRules));
  const path = maybe(random, 3, 4, () => (random.below(3) === 0 ? literalPath(random) : random.of(pathRules)));
  const host = maybe(random, 1, 4, () => random.of(hostRules));
  const headers = maybe(random, 1, 5, () => several(random, 3, () => random.of(headerRules)));
  const changed = maybe(random, 1, 40, () => ({ name: 'X-Token', value: 'abc', mismatch: 'ADD' as const }));
  return {
    ...(method !== undefined && { method }),
    ...(path !== undefined && { path }),
    ...(host !== undefined && { host }),
    ...(headers !== undefined && { headers }),
    ...(changed !== undefined && { headerMatches: [changed] }),
  };
}

function literalPath(random: Random): string {
  const plain = ['a', 'b', 'c', 'ab', '0', '17', 'x\\.y', 'allowed'];
  return `/${Array.from({ length: 1 + random.below(3) }, () => random.of(plain)).join('/')}`;
}

export interface Head {
  readonly bytes: Buffer;
  /** As clients send them: a method of RFC 9110, a path of one reading, distinct fields, one segment. */
  readonly plain: boolean;
}

/** @param seeds heads that are damaged, too, one character a byte */
export function head(random: Random, seeds: readonly string[]): Head {
  const kind = random.below(8);
  if (kind < 3) return { bytes: Buffer.from(plainText(random), 'latin1'), plain: true };
  let text = kind === 3 ? random.of(seeds) : kind < 6 ? plainText(random) : oddText(random);
  if (kind !== 7) for (let count = 1 + random.below(3); count > 0; count--) text = damaged(text, random);
  return { bytes: Buffer.from(text, 'latin1'), plain: false };
}

function plainText(random: Random): string {
  const target = `/${several(random, 5, () => random.of(segments)).join('/')}${random.of(queries)}`;
  const fields = new Map<string, string>();
  for (const line of several(random, 6, () => random.of(plainFields))) fields.set(line.split(':')[0] ?? '', line);
  const names = new Set([...fields.keys()].map((name) => name.toLowerCase()));
  const own = names.size === fields.size ? [...fields.values()] : [];
  if (random.below(20) === 0) own.push(`X-Filler: ${'f'.repeat(random.below(900))}`);
  own.splice(random.below(own.length + 1), 0, `${random.of(['Host', 'host', 'HOST'])}: ${random.of(hosts)}`);
  const length = maybe(random, 1, 3, () => random.of([0, 1, 17, 100, 70_000, 5_000_000_000]));
  if (length !== undefined) own.push(`${random.of(['Content-Length', 'content-length'])}: ${length}`);
  const body = 'x'.repeat(Math.min(length ?? 0, random.below(120)));
  return `${random.of(plainMethods)} ${target} HTTP/1.1\r\n${own.map((line) => `${line}\r\n`).join('')}\r\n${body}`;
}

function oddText(random: Random): string {
  const odd = (one: number): boolean => random.below(one) === 0;
  const one = (): string => random.of(odd(4) ? oddSegments : segments);
  const target = odd(12) ? random.of(oddTargets) : `/${several(random, 5, one).join('/')}${random.of(queries)}`;
  const version = odd(12) ? random.of(oddVersions) : 'HTTP/1.1';
  const fields = several(random, odd(60) ? 140 : 6, () => random.of(odd(3) ? oddFields : plainFields));
  if (!odd(8)) fields.splice(random.below(fields.length + 1), 0, `Host: ${random.of(hosts)}`);
  if (odd(3)) fields.push(`Content-Length: ${random.below(30)}`);
  if (odd(30)) fields.push(`X-Filler: ${'f'.repeat(random.below(1800))}`);
  const method = random.of(odd(12) ? oddMethods : plainMethods);
  const text = `${method} ${target} ${version}\r\n${fields.map((line) => `${line}\r\n`).join('')}\r\n`;
  return text + (odd(4) ? plainText(random) : 'x'.repeat(random.below(40)));
}

function damaged(text: string, random: Random): string {
  const at = random.below(text.length + 1);
  const [before, after] = [text.slice(0, at), text.slice(at)];
  switch (random.below(8)) {
    case 0:
      return before + String.fromCharCode(random.below(256)) + after.slice(1);
    case 1:
      return before + after.slice(1 + random.below(4));
    case 2:
      return before + after.slice(0, 1 + random.below(20)) + after;
    case 3:
      return before + random.of(oddFields) + after;
    case 4:
      return text.replace('\r\n', `\r\n${random.of(oddFields)}\r\n`);
    case 5:
      return before;
    default:
      return before + random.of(pieces) + after.slice(random.below(3));
  }
}
