/**
 * What all rules together say about one peer, as disjoint port ranges.
 *
 * In the kernel's map a range of a protocol hides the peer's `any` entry. So whatever a rule says about every port is
 * folded into each range here, and deny can't be escaped through a more specific allow (the fault of CVE-2024-52529).
 */

import type { PortMatch } from './policy.ts';
import type { L7RuleSet, PortRange, PortVerdict } from './resolved.ts';

/** One port match of a rule that names the peer. */
export interface Contribution {
  readonly effect: 'allow' | 'deny';
  /** Of a policy in audit mode. */
  readonly audit: boolean;
  readonly match: PortMatch;
}

/** Whether default deny holds in this direction, by the policies that are enforced and by those in audit mode. */
export interface Standing {
  readonly enforced: boolean;
  readonly audited: boolean;
}

/** Makes a rule set of matches that have `l7`; `undefined` when their protocols differ. */
export type MergeL7 = (matches: readonly PortMatch[], audit: boolean) => L7RuleSet | undefined;

export function fold(contributions: readonly Contribution[], standing: Standing, merge: MergeL7): PortRange[] {
  const everywhere = new Active();
  for (const one of contributions) if (one.match.protocol === 'any') everywhere.add(one);
  const base = verdictOf(everywhere.deciding(), standing, merge);
  const byProtocol = new Map<number, Contribution[]>();
  for (const contribution of contributions) {
    const { protocol } = contribution.match;
    if (protocol === 'any') continue;
    const same = byProtocol.get(protocol);
    if (same) same.push(contribution);
    else byProtocol.set(protocol, [contribution]);
  }
  const ranges: PortRange[] = [];
  for (const [protocol, matches] of [...byProtocol].sort(([a], [b]) => a - b)) {
    ranges.push(...sweep(protocol, matches, everywhere.deciding(), base, standing, merge));
  }
  if (base) ranges.push({ protocol: 'any', verdict: base });
  return ranges;
}

/** From each port where a match begins or ends to the next, the same matches hold. */
function sweep(
  protocol: number,
  matches: readonly Contribution[],
  everywhere: readonly Contribution[],
  base: PortVerdict | undefined,
  standing: Standing,
  merge: MergeL7,
): PortRange[] {
  const begins = Map.groupBy(matches, ({ match }) => match.first);
  const ends = Map.groupBy(matches, ({ match }) => match.last + 1);
  const bounds = [...new Set([...begins.keys(), ...ends.keys()])].sort((a, b) => a - b);
  const active = new Active();
  const ranges: (PortRange & { protocol: number })[] = [];
  for (const [i, first] of bounds.entries()) {
    for (const ended of ends.get(first) ?? []) active.delete(ended);
    for (const begun of begins.get(first) ?? []) active.add(begun);
    const next = bounds[i + 1];
    if (active.isEmpty() || next === undefined) continue;
    const verdict = verdictOf([...everywhere, ...active.deciding()], standing, merge);
    if (!verdict || isSame(verdict, base)) continue;
    const before = ranges.at(-1);
    if (before && before.last === first - 1 && isSame(before.verdict, verdict)) {
      ranges[ranges.length - 1] = { ...before, last: next - 1 };
    } else {
      ranges.push({ protocol, first, last: next - 1, verdict });
    }
  }
  return ranges;
}

/** The matches that hold on a port. Of many that say the same one decides, so that 10,000 rules for a peer stay cheap. */
class Active {
  /** By what they say: the plain ones of either effect and mode, and those with L7 rules. */
  readonly #kinds = new Map<string, Set<Contribution>>();
  #count = 0;

  add(contribution: Contribution): void {
    const kind = kindOf(contribution);
    const same = this.#kinds.get(kind);
    if (same) same.add(contribution);
    else this.#kinds.set(kind, new Set([contribution]));
    this.#count++;
  }

  delete(contribution: Contribution): void {
    if (this.#kinds.get(kindOf(contribution))?.delete(contribution)) this.#count--;
  }

  isEmpty(): boolean {
    return this.#count === 0;
  }

  deciding(): Contribution[] {
    const deciding: Contribution[] = [];
    for (const [kind, same] of this.#kinds) {
      for (const one of same) {
        deciding.push(one);
        if (kind !== 'l7') break;
      }
    }
    return deciding;
  }
}

function kindOf({ effect, audit, match }: Contribution): string {
  return match.l7 ? 'l7' : `${effect} ${audit}`;
}

/**
 * What holds on ports where exactly `active` match; `undefined`: what holds in the direction anyway.
 *
 * Deny wins, then a plain allow (it nullifies L7 rules beside it, Cilium's documented meaning), then L7 rules, then
 * default deny. Policies in audit mode come after: they turn what passes into AUDIT, and change nothing else.
 */
export function verdictOf(
  active: readonly Contribution[],
  { enforced, audited }: Standing,
  merge: MergeL7,
): PortVerdict | undefined {
  const deny = active.find(({ effect, audit }) => effect === 'deny' && !audit);
  if (deny) return { verdict: 'deny', ref: deny.match.ref, audit: false };
  const wouldDeny = active.find(({ effect, audit }) => effect === 'deny' && audit);
  const allows = active.filter(({ effect }) => effect === 'allow');
  const plain = (audit: boolean) => allows.find((one) => one.audit === audit && !one.match.l7)?.match;
  const allow = plain(false);
  if (allow && !wouldDeny) return { verdict: 'allow', ref: allow.ref };
  if (enforced && !allow) {
    const l7 = allows.filter(({ audit }) => !audit).map(({ match }) => match);
    return l7.length === 0 ? undefined : byRules(l7, false, merge);
  }
  // From here on nothing is blocked, only reported.
  if (wouldDeny) return { verdict: 'deny', ref: wouldDeny.match.ref, audit: true };
  const allowed = plain(true);
  if (allowed) return { verdict: 'allow', ref: allowed.ref };
  const [first, ...rest] = allows.map(({ match }) => match);
  if (!first) return undefined;
  // Without default deny in the direction L7 rules deny nothing either.
  return audited ? byRules([first, ...rest], true, merge) : { verdict: 'allow', ref: first.ref };
}

function byRules(matches: readonly PortMatch[], audit: boolean, merge: MergeL7): PortVerdict | undefined {
  const ref = matches[0]?.ref;
  if (!ref) return undefined;
  const ruleSet = merge(matches, audit);
  return ruleSet ? { verdict: 'l7', ref, ruleSet } : { verdict: 'deny', ref, audit };
}

function isSame(a: PortVerdict, b: PortVerdict | undefined): boolean {
  if (a.verdict !== b?.verdict || a.ref !== b.ref) return false;
  if (a.verdict === 'l7') return b.verdict === 'l7' && a.ruleSet.id === b.ruleSet.id;
  return a.verdict === 'allow' || (b.verdict === 'deny' && a.audit === b.audit);
}
