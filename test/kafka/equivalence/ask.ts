/** One request on a connection of its own, and what the client sees in the end, without what differs from run to run. */

import { connect } from 'node:net';
import { at, decode, type Message, requestFrame } from '../../unit/kafka/wire.ts';

export type Seen = { readonly body: unknown } | { readonly closed: true } | { readonly silent: true };

const deadlineMs = 8_000;

export async function ask(
  bootstrap: string,
  api: Message<unknown, unknown>,
  version: number,
  request: unknown,
): Promise<Seen> {
  const message = at(api, version);
  const [host = '', port] = bootstrap.split(':');
  const socket = connect(Number(port), host);
  socket.setTimeout(deadlineMs);
  socket.write(requestFrame(message, request));
  const frame = await new Promise<Buffer | 'closed' | 'silent'>((resolve) => {
    let bytes = Buffer.alloc(0);
    socket.on('data', (chunk) => {
      bytes = Buffer.concat([bytes, chunk]);
      if (bytes.length >= 4 && bytes.length >= bytes.readInt32BE(0) + 4) resolve(bytes);
    });
    socket.on('timeout', () => resolve('silent'));
    socket.on('close', () => resolve('closed'));
    socket.on('error', () => resolve('closed'));
  });
  socket.destroy();
  if (frame === 'closed') return { closed: true };
  if (frame === 'silent') return { silent: true };
  const { body } = await decode(message, frame);
  return { body };
}

/**
 * What two brokers with the same history need not have in common. And messages beside an error code: Kafka's differ from
 * API to API and partly print its own objects; ours are absent.
 */
const volatile = new Set(
  '_topicId errorMessage throttleTimeMs producerId memberId host nodeId leaderId clusterId logAppendTime lastTimestamp timestamp tags'.split(
    ' ',
  ),
);

/** As JSON can hold it, with lists of named things in the order of their names: Kafka's is that of a hash table. */
export function comparable(value: unknown): unknown {
  if (typeof value === 'bigint') return String(value);
  if (Buffer.isBuffer(value)) return value.toString('hex');
  if (Array.isArray(value)) {
    const items = value.map(comparable);
    return items.every((item) => typeof item === 'object') ? items.sort(byText) : items;
  }
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value)
    .filter(([key]) => !volatile.has(key))
    .map(([key, inner]) => [key, key === 'topicId' ? idOrNone(inner) : comparable(inner)]);
  return Object.fromEntries(entries);
}

function idOrNone(id: unknown): unknown {
  return typeof id === 'string' && /[^0-]/.test(id) ? 'an id' : 'none';
}

function byText(left: unknown, right: unknown): number {
  const [one, other] = [JSON.stringify(left), JSON.stringify(right)];
  return one < other ? -1 : one > other ? 1 : 0;
}
