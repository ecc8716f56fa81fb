/**
 * A flow as one line for a human:
 *
 *     TIME VERDICT DIRECTION SOURCE -> DESTINATION PROTOCOL WHAT (WHY)
 *
 * The order and the separators are stable; a script should still prefer `--json`.
 */

import type { L7Facts } from '../../proxy/record.ts';
import type { Flow, FlowEnd } from './flow.ts';
import { printable } from './printable.ts';

export function flowLine(flow: Flow): string {
  const what = [flow.protocol, ...(flow.l7 ? summary(flow.l7) : []), ...outcome(flow)].join(' ');
  const route = `${end(flow.source)} -> ${end(flow.destination)}`;
  return printable(`${flow.time} ${flow.verdict.padEnd(8)} ${flow.direction.padEnd(7)} ${route} ${what}${why(flow)}`);
}

/** `default/web 10.0.0.2:41000`, with the brackets of RFC 3986 around an IPv6 address. */
function end({ name, address, port }: FlowEnd): string {
  const host = address.includes(':') ? `[${address}]` : address;
  return `${name ?? 'unknown'} ${host}:${port}`;
}

function summary(l7: L7Facts): string[] {
  switch (l7.protocol) {
    case 'http':
      return [l7.method, l7.target, `host=${l7.host}`];
    case 'grpc':
      return [`/${l7.service}/${l7.method}`, ...(l7.phase ? [l7.phase] : []), ...number('grpc-status', l7.status)];
    case 'kafka':
      return [
        `${l7.api}.v${l7.version}`,
        `client=${l7.clientId || '-'}`,
        ...(l7.topics.length > 0 ? [`topics=${l7.topics.join(',')}`] : []),
        ...number('error', l7.errorCode),
      ];
  }
}

function outcome({ status, latencyMs }: Flow): string[] {
  return [...number('status', status), ...(latencyMs === undefined ? [] : [`${latencyMs.toFixed(1)}ms`])];
}

function number(name: string, value: number | undefined): string[] {
  return value === undefined ? [] : [`${name}=${value}`];
}

function why({ reason, detail, rule }: Flow): string {
  const parts = [
    reason === undefined ? undefined : detail === undefined ? reason : `${reason}: ${detail}`,
    rule === undefined ? undefined : `${rule.policy} ${rule.rule}`,
  ].filter((part) => part !== undefined);
  return parts.length === 0 ? '' : ` (${parts.join('; ')})`;
}
