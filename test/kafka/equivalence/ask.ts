/** Requests one after the other, and what the client sees in the end, without what differs from run to run. */

import { connect, type Socket } from 'node:net';
import { at, decode, type Message, requestFrame } from '../../unit/kafka/wire.ts';

export type Seen = { readonly body: unknown } | { readonly closed: true } | { readonly silent: true };

const deadlineMs = 8_000;

/** One connection. */
export class Conversation {
  readonly #socket: Socket;
  #bytes = Buffer.alloc(0);
  #end: 'closed' | 'silent' | undefined;
  #tell = (): void => {};

  constructor(bootstrap: string) {
    const colon = bootstrap.lastIndexOf(':');
    this.#socket = connect(Number(bootstrap.slice(colon + 1)), bootstrap.slice(0, colon).replace(/[[\]]/g, ''));
    this.#socket.setTimeout(deadlineMs);
    this.#socket.on('data', (chunk) => {
      this.#bytes = Buffer.concat([this.#bytes, chunk]);
      this.#tell();
    });
    const over = (end: 'closed' | 'silent') => () => {
      this.#end ??= end;
      this.#tell();
    };
    this.#socket.on('timeout', over('silent')).on('close', over('closed')).on('error', over('closed'));
  }

  async ask<Request>(api: Message<Request, unknown>, version: number, request: Request): Promise<Seen> {
    const message = at(api, version);
    this.#socket.write(requestFrame(message, request));
    const frame = await new Promise<Buffer | undefined>((resolve) => {
      this.#tell = () => {
        const size = this.#bytes.length < 4 ? Number.POSITIVE_INFINITY : this.#bytes.readInt32BE(0) + 4;
        if (this.#bytes.length >= size) resolve(this.#bytes.subarray(0, size));
        else if (this.#end !== undefined) resolve(undefined);
      };
      this.#tell();
    });
    if (frame === undefined) return this.#end === 'silent' ? { silent: true } : { closed: true };
    this.#bytes = this.#bytes.subarray(frame.length);
    const { body } = await decode(message, frame);
    return { body };
  }

  end(): void {
    this.#socket.destroy();
  }
}

/** One request on a connection of its own. */
export async function ask<Request>(
  bootstrap: string,
  api: Message<Request, unknown>,
  version: number,
  request: Request,
): Promise<Seen> {
  const conversation = new Conversation(bootstrap);
  const seen = await conversation.ask(api, version, request);
  conversation.end();
  return seen;
}

/** What two brokers with the same history need not have in common. */
const volatile = new Set(
  '_topicId throttleTimeMs producerId transactionStartTimeMs memberId host clientHost nodeId leaderId clusterId logAppendTime lastTimestamp timestamp tags'.split(
    ' ',
  ),
);

/**
 * As JSON can hold it, with lists of named things in the order of their names: Kafka's is that of a hash table.
 * @param names - of topics, by their ids.
 */
export function comparable(value: unknown, names: ReadonlyMap<string, string> = new Map()): unknown {
  if (typeof value === 'bigint') return String(value);
  if (Buffer.isBuffer(value)) return value.toString('hex');
  if (Array.isArray(value)) {
    const items = value.map((one) => comparable(one, names));
    return items.every((item) => typeof item === 'object') ? items.sort(byText) : items;
  }
  // Some messages print an object of the broker's own, with its hash and the ports of its connections; ours are absent.
  if (typeof value === 'string' && value.startsWith('Request Request(')) return null;
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value)
    .filter(([key]) => !volatile.has(key))
    .map(([key, inner]) => [key, key === 'topicId' ? named(inner, names) : comparable(inner, names)]);
  return Object.fromEntries(entries);
}

function named(id: unknown, names: ReadonlyMap<string, string>): unknown {
  if (typeof id !== 'string' || !/[^0-]/.test(id)) return 'none';
  const name = names.get(id.replaceAll('-', ''));
  return name === undefined ? 'an id' : `of ${name}`;
}

function byText(left: unknown, right: unknown): number {
  const [one, other] = [JSON.stringify(left), JSON.stringify(right)];
  return one < other ? -1 : one > other ? 1 : 0;
}
