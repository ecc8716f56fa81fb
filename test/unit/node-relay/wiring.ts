/** A relay between two loopback connections whose far ends, `client` and `server`, the test holds. */

import { once } from 'node:events';
import net from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import { duplicateFd } from '../../../native/index.ts';
import { RelaySocket } from '../../../proxy/node-relay/socket.ts';
import { createNodeRelay, type NodeRelay, type RelayTimeouts } from '../../../proxy/node-relay.ts';
import type { Progress } from '../../../proxy/progress.ts';
import type { CloseCause, Protocol, Relay } from '../../../proxy/relay.ts';

export interface Relayed {
  readonly node: NodeRelay;
  readonly relay: Relay;
  readonly closed: Promise<CloseCause>;
}

export interface Wiring extends Relayed {
  readonly client: net.Socket;
  readonly server: net.Socket;
}

export type Calls = Partial<Protocol>;

interface WireOptions {
  readonly timeouts?: RelayTimeouts;
  readonly unread?: Progress['unread'];
}

const patient: RelayTimeouts = { idleMs: 60_000, writeMs: 60_000, lingerMs: 60_000 };

/** Two connected sockets: the relay's and its peer's. */
export async function pair(listener: net.Server): Promise<[RelaySocket, net.Socket]> {
  const accepted = once(listener, 'connection') as Promise<[net.Socket]>;
  const [[far], near] = await Promise.all([accepted, connectTo((listener.address() as net.AddressInfo).port)]);
  far.on('error', () => undefined);
  return [near, far];
}

/** By a descriptor, as the agent's sockets are. */
export async function connectTo(port: number): Promise<RelaySocket> {
  const socket = net.connect(port, '127.0.0.1');
  await once(socket, 'connect');
  const fd = duplicateFd((socket as unknown as { _handle: { fd: number } })._handle.fd);
  socket.destroy();
  return new RelaySocket(fd);
}

export async function listen(): Promise<net.Server> {
  const listener = net.createServer({ allowHalfOpen: true, noDelay: true });
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  return listener;
}

/** @param calls made with the relay; what it leaves out does nothing */
export async function wire(calls: (relay: Relay) => Calls, options: WireOptions = {}): Promise<Wiring> {
  const listener = await listen();
  const [downstream, client] = await pair(listener);
  const [upstream, server] = await pair(listener);
  listener.close();
  return { client, server, ...relayOver(downstream, upstream, calls, options) };
}

export function relayOver(
  downstream: RelaySocket,
  upstream: RelaySocket,
  calls: (relay: Relay) => Calls,
  options: WireOptions = {},
): Relayed {
  let relay: Relay | undefined;
  const { promise: closed, resolve } = Promise.withResolvers<CloseCause>();
  const node = createNodeRelay(
    downstream,
    upstream,
    (given) => {
      relay = given;
      return { ...silent, ...calls(given) };
    },
    { onClosed: resolve },
    options.timeouts ?? patient,
    options.unread,
  );
  if (relay === undefined) throw new Error('the protocol was not made');
  return { node, relay, closed };
}

const silent: Protocol = {
  onDownstream: () => undefined,
  onUpstream: () => undefined,
  onDrain: () => undefined,
  onTimer: () => undefined,
  onPolicy: () => undefined,
  onStop: () => undefined,
  onClosed: () => undefined,
};

export function tunnel(relay: Relay): Calls {
  relay.downstream.tunnel();
  relay.upstream.tunnel();
  return {};
}

/** Reads exactly `count` bytes. */
export async function take(socket: net.Socket, count: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let have = 0;
  while (have < count) {
    const chunk: Buffer | null = socket.read(Math.min(count - have, socket.readableLength) || undefined);
    if (chunk === null) await Promise.race([once(socket, 'readable'), ended(socket)]);
    else {
      chunks.push(chunk);
      have += chunk.length;
    }
  }
  return Buffer.concat(chunks);
}

export async function takeText(socket: net.Socket, count: number): Promise<string> {
  return (await take(socket, count)).toString('latin1');
}

/** Everything until the peer's FIN. */
export async function takeAll(socket: net.Socket): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of socket) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

async function ended(socket: net.Socket): Promise<never> {
  await once(socket, 'end');
  throw new Error('the peer ended before that');
}

/** The error a socket dies of, once it has. */
export async function resetOf(socket: net.Socket): Promise<string | undefined> {
  socket.resume();
  await until(() => socket.closed);
  return (socket.errored as NodeJS.ErrnoException | null)?.code;
}

/** @param deadlineMs a generous bound; a condition that holds ends the wait at once */
export async function until(condition: () => boolean, deadlineMs = 10_000): Promise<void> {
  const deadline = performance.now() + deadlineMs;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`not within ${deadlineMs} ms: ${String(condition)}`);
    await turn();
  }
}
