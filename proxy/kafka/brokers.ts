/**
 * The brokers that a response names for the client to go on to: in Metadata, FindCoordinator, DescribeCluster and, since
 * KIP-951, in the NodeEndpoints of Produce (tagged), ShareFetch and ShareAcknowledge. Addresses are never rewritten; whoever is told of them
 * (src/observe/named-brokers.ts) says whether the policy covers them.
 */

import { limits } from '../../src/limits.ts';
import { hasTaggedHeader } from './answer.ts';
import { Cursor } from './cursor.ts';
import { type Layout, schema } from './layout.ts';
import type { Api } from './request.ts';
import { skipField, skipTags } from './skim.ts';

/** As a broker advertises it: an address or a name, and a TCP port. */
export interface BrokerAddress {
  readonly host: string;
  readonly port: number;
}

const cursor = new Cursor();
const nodeEndpoint = schema('node_id:i32 host:string port:i32 rack:?string', 0).layout(0);

/** Reads what of a response frame is there; the list of brokers comes first in all that have one. */
export function brokersIn(frame: Uint8Array, api: Api, version: number): readonly BrokerAddress[] {
  const found: BrokerAddress[] = [];
  cursor.over(frame, 8, frame.length);
  if (hasTaggedHeader(api, version)) skipTags(cursor);
  const layout = api.response.layout(version);
  switch (api.namesBrokers) {
    case 'in fields':
      readStructure(layout, found);
      break;
    case 'in tags':
      if (layout.tagged) readNodeEndpoints(layout, found);
      break;
    case undefined:
  }
  return found;
}

/** NodeEndpoints is tagged field 0: size, then a list. */
function readNodeEndpoints(layout: Layout, found: BrokerAddress[]): void {
  for (const field of layout.fields) skipField(cursor, field);
  const tags = cursor.uvarint();
  if (tags === 0 || cursor.uvarint() !== 0) return;
  cursor.uvarint();
  readList(nodeEndpoint, cursor.count(true, nodeEndpoint.min), found);
}

function readList(element: Layout, count: number, found: BrokerAddress[]): void {
  for (let index = 0; index < count && !cursor.failed; index++) {
    readStructure(element, found);
    if (element.tagged) skipTags(cursor);
  }
}

/** A structure with `host` and `port`, or with a list of such; what comes behind the first list is left unread. */
function readStructure(layout: Layout, found: BrokerAddress[]): void {
  let host = '';
  for (const field of layout.fields) {
    if (field.kind === 'array' && field.element.at.has('port')) {
      // Not held against the frame's size, of which this is perhaps a part.
      readList(field.element, cursor.count(field.compact, 0), found);
      return;
    }
    if (field.name === 'host') {
      host = readHost(field.compact);
    } else if (field.name === 'port') {
      note(host, cursor.i32(), found);
    } else {
      skipField(cursor, field);
    }
  }
}

function readHost(compact: boolean): string {
  const length = cursor.stringLength(compact);
  const start = cursor.offset;
  cursor.skip(Math.max(0, length));
  if (cursor.failed || length > limits.kafkaHostLength) return '';
  return Buffer.from(cursor.bytes.subarray(start, cursor.offset)).toString('utf8');
}

/** Answers that carry an error have an empty host and port −1. */
function note(host: string, port: number, found: BrokerAddress[]): void {
  if (cursor.failed || host === '' || port < 1 || port > 0xffff) return;
  if (found.length < limits.kafkaNamedBrokers) found.push({ host, port });
}
