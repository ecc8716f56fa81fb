/** `struct event` of the ring as what the agent observes. */

import type { Verdict } from '../../proxy/record.ts';
import type { EndpointId, IdentityId } from '../identity/identity.ts';
import type { KernelEvent } from '../observe/kernel-event.ts';
import { event, flow_key, reason, verdict } from './abi.generated.ts';
import { directionOf, readFlowKey } from './flow-key.ts';

const reasonNames = new Map<number, string>(
  Object.entries(reason)
    .filter(([name]) => name !== 'first_denial' && name !== 'count')
    .map(([name, value]) => [value, name.replaceAll('_', '-')]),
);

/** The metric label of a reason, e.g. `no-rule`. */
export function reasonName(value: number): string {
  return reasonNames.get(value) ?? `reason-${value}`;
}

export function isDenial(value: number): boolean {
  return value >= reason.first_denial;
}

const verdictNames: Readonly<Record<number, Verdict>> = {
  [verdict.deny]: 'DENY',
  [verdict.allow]: 'ALLOW',
  [verdict.redirect]: 'REDIRECT',
  [verdict.audit]: 'AUDIT',
};

/**
 * Addresses are read when they are asked for: most events are forgotten before.
 * @param clockOffset what to add to the kernel's monotonic milliseconds to get the wall clock's.
 */
export function readEvent(record: Buffer, clockOffset: number): KernelEvent {
  const flow = event.flow.offset;
  return {
    time: Math.round(Number(record.readBigUInt64LE(event.time.offset)) / 1e6 + clockOffset),
    verdict: verdictNames[record.readUInt8(event.verdict.offset)] ?? 'DENY',
    reason: reasonName(record.readUInt8(event.reason.offset)),
    direction: directionOf(record.readUInt8(flow + flow_key.direction.offset)),
    endpoint: record.readUInt32LE(event.endpoint.offset) as EndpointId,
    peer: record.readUInt32LE(event.peer.offset) as IdentityId,
    protocol: record.readUInt8(flow + flow_key.protocol.offset),
    get source() {
      return readFlowKey(record, flow).client;
    },
    get destination() {
      return readFlowKey(record, flow).server;
    },
  };
}

/** Wall clock minus monotonic clock, milliseconds. */
export function clockOffset(): number {
  return Date.now() - Number(process.hrtime.bigint()) / 1e6;
}
