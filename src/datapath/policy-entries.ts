/** The policy of one endpoint as entries of its longest-prefix map (`struct policy_key` in bpf/abi.h). */

import type { Direction, IdentityId } from '../identity/identity.ts';
import type { DirectionPolicy, EndpointPolicy, PortVerdict, RuleRef } from '../policy/resolved.ts';
import { direction as directions, policy_entry, policy_key, reason, verdict } from './abi.generated.ts';

export interface PolicyEntry {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
}

/** Bits of a key up to and with the direction, the identity, the protocol. */
const bits = { direction: 8, identity: 40, protocol: 48, port: 64 } as const;

/** @param ruleNumber gives the kernel's number of a rule's place, for events. */
export function policyEntries(policy: EndpointPolicy, ruleNumber: (ref: RuleRef) => number): PolicyEntry[] {
  return [
    ...directionEntries('egress', policy.egress, ruleNumber),
    ...directionEntries('ingress', policy.ingress, ruleNumber),
  ];
}

function directionEntries(
  direction: Direction,
  policy: DirectionPolicy,
  ruleNumber: (ref: RuleRef) => number,
): PolicyEntry[] {
  const entries: PolicyEntry[] = [];
  const standing = defaultValue(policy);
  if (standing) entries.push({ key: keyOf(direction, bits.direction), value: standing });
  for (const [peer, ranges] of policy.peers) {
    for (const range of ranges) {
      const value = verdictValue(range.verdict, ruleNumber);
      if (range.protocol === 'any') {
        entries.push({ key: keyOf(direction, bits.identity, peer), value });
      } else if (range.first === 0 && range.last === 0xffff) {
        entries.push({ key: keyOf(direction, bits.protocol, peer, range.protocol), value });
      } else {
        for (const { port, length } of portPrefixes(range.first, range.last)) {
          entries.push({ key: keyOf(direction, bits.protocol + length, peer, range.protocol, port), value });
        }
      }
    }
  }
  return entries;
}

/** What holds where no rule names the peer and port; nothing (deny) under default deny. */
function defaultValue(policy: DirectionPolicy): Uint8Array | undefined {
  if (!policy.enforced) return entryValue(verdict.allow, reason.unenforced);
  if (policy.audit) return entryValue(verdict.audit, reason.audited);
  return undefined;
}

function verdictValue(port: PortVerdict, ruleNumber: (ref: RuleRef) => number): Uint8Array {
  const rule = ruleNumber(port.ref);
  switch (port.verdict) {
    case 'allow':
      return entryValue(verdict.allow, reason.allowed, rule);
    case 'deny':
      return port.audit
        ? entryValue(verdict.audit, reason.audited, rule)
        : entryValue(verdict.deny, reason.deny_rule, rule);
    case 'l7':
      return entryValue(verdict.redirect, reason.diverted, rule, port.ruleSet.id);
  }
}

function entryValue(verdictNumber: number, reasonNumber: number, rule = 0, ruleSet = 0): Uint8Array {
  const value = Buffer.alloc(policy_entry.size);
  value.writeUInt8(verdictNumber, policy_entry.verdict.offset);
  value.writeUInt8(reasonNumber, policy_entry.reason.offset);
  value.writeUInt32LE(ruleSet, policy_entry.rule_set.offset);
  value.writeUInt32LE(rule, policy_entry.rule.offset);
  return value;
}

function keyOf(direction: Direction, length: number, peer = 0 as IdentityId, protocol = 0, port = 0): Uint8Array {
  const key = Buffer.alloc(policy_key.size);
  key.writeUInt32LE(length, policy_key.prefixlen.offset);
  key.writeUInt8(directions[direction], policy_key.direction.offset);
  key.writeUInt32BE(peer, policy_key.identity.offset);
  key.writeUInt8(protocol, policy_key.protocol.offset);
  key.writeUInt16BE(port, policy_key.port.offset);
  return key;
}

/** Fewest prefixes of a 16-bit number that cover `first`–`last` and nothing else; at most 30. */
export function portPrefixes(first: number, last: number): { port: number; length: number }[] {
  const prefixes: { port: number; length: number }[] = [];
  let port = first;
  while (port <= last) {
    let size = 1;
    while (port % (size * 2) === 0 && port + size * 2 - 1 <= last) size *= 2;
    prefixes.push({ port, length: 16 - Math.log2(size) });
    port += size;
  }
  return prefixes;
}
