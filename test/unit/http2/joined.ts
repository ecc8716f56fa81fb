/** Real servers behind the relay, on loopback. */

import { once } from 'node:events';
import h2 from 'node:http2';
import net, { type AddressInfo, type Socket } from 'node:net';
import type { ProtocolFactory } from '../../../proxy/connection.ts';
import { http2 } from '../../../proxy/http2/http2.ts';
import { createNodeRelay } from '../../../proxy/node-relay.ts';
import type { FlowRecord } from '../../../proxy/record.ts';
import type { CloseCause } from '../../../proxy/relay.ts';
import type { HttpRuleSet } from '../../../src/policy/resolved.ts';
import { connectTo, listen, pair } from '../node-relay/wiring.ts';
import { notDeny } from './rules.ts';
import { facts, joinSockets, TestRelay } from './test-relay.ts';

/** Node refuses streams when a session holds more than 10 MiB; the tests hold more. In MiB. */
const sessionMemory = 200;

export interface Joined extends AsyncDisposable {
  readonly port: number;
  readonly flows: readonly FlowRecord[];
  readonly closed: readonly CloseCause[];
  /** The agent drains. */
  stop(): void;
}

export interface JoinOptions {
  readonly ruleSet?: HttpRuleSet;
  /** Octets that the protocol sees at a time. */
  readonly chunk?: number;
  readonly factory?: ProtocolFactory;
}

/** A port that leads through the relay to `serverPort`: the real one, or with `chunk` one that cuts what arrives. */
export async function join(serverPort: number, options: JoinOptions = {}): Promise<Joined> {
  const { chunk, ruleSet = notDeny, factory = http2 } = options;
  const flows: FlowRecord[] = [];
  const closed: CloseCause[] = [];
  const stops: (() => void)[] = [];
  const sockets = new Set<Socket>();
  const pairs = await listen();
  const listener = net.createServer({ allowHalfOpen: true }, (client) => {
    sockets.add(client);
    client.on('error', () => {});
    if (chunk === undefined) void throughNodeRelay(client);
    else throughTestRelay(client, chunk);
  });

  async function throughNodeRelay(client: Socket): Promise<void> {
    const [downstream, far] = await pair(pairs);
    const upstream = await connectTo(serverPort);
    client.pipe(far).pipe(client);
    sockets.add(far).add(upstream.socket).add(downstream.socket);
    const node = createNodeRelay(
      downstream,
      upstream,
      (relay) =>
        factory({
          facts,
          relay,
          recorder: { record: (flow) => flows.push(flow) },
          ruleSet: () => ruleSet,
          now: Date.now,
        }),
      { onClosed: (cause) => closed.push(cause) },
    );
    stops.push(() => node.stop());
  }

  function throughTestRelay(client: Socket, size: number): void {
    const server = net.connect({ port: serverPort, host: '127.0.0.1', allowHalfOpen: true });
    const relay = new TestRelay(factory, ruleSet, Date.now, flows);
    sockets.add(server);
    joinSockets(relay, client, server, size);
    stops.push(() => relay.protocol.onStop());
  }

  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  return {
    port: (listener.address() as AddressInfo).port,
    flows,
    closed,
    stop: () => {
      for (const stop of stops) stop();
    },
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      pairs.close();
      listener.close();
      await once(listener, 'close');
    },
  };
}

export interface Origin extends AsyncDisposable {
  readonly port: number;
  readonly requests: string[];
  readonly sessionErrors: Error[];
}

/** An HTTP/2 server of Node's; `serve` answers each stream. */
export async function startOrigin(
  serve: (stream: h2.ServerHttp2Stream, headers: h2.IncomingHttpHeaders) => void,
  settings: h2.Settings = {},
): Promise<Origin> {
  const requests: string[] = [];
  const sessionErrors: Error[] = [];
  const sessions = new Set<h2.ServerHttp2Session>();
  const server = h2.createServer({ settings, maxSessionMemory: sessionMemory });
  server.on('session', (session) => sessions.add(session));
  server.on('sessionError', (error) => sessionErrors.push(error));
  server.on('stream', (stream, headers) => {
    requests.push(headers[':path'] ?? '');
    stream.on('error', () => {});
    serve(stream, headers);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    requests,
    sessionErrors,
    [Symbol.asyncDispose]: async () => {
      for (const session of sessions) session.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

export interface Answer {
  /** NaN: no answer came. */
  readonly status: number;
  readonly headers: h2.IncomingHttpHeaders;
  readonly trailers: h2.IncomingHttpHeaders;
  readonly body: Buffer;
  readonly code: number;
}

/** One request of Node's client; resolves when its stream is closed. */
export async function ask(
  session: h2.ClientHttp2Session,
  headers: h2.OutgoingHttpHeaders,
  body?: Buffer | string,
): Promise<Answer> {
  const stream = session.request(headers, { endStream: body === undefined });
  const chunks: Buffer[] = [];
  let head: h2.IncomingHttpHeaders = {};
  let trailers: h2.IncomingHttpHeaders = {};
  stream.on('response', (fields) => {
    head = fields;
  });
  stream.on('trailers', (fields) => {
    trailers = fields;
  });
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  stream.on('error', () => {});
  if (body !== undefined) stream.end(body);
  await new Promise((resolve) => stream.once('close', resolve));
  return {
    status: Number(head[':status']),
    headers: head,
    trailers,
    body: Buffer.concat(chunks),
    code: stream.rstCode ?? 0,
  };
}

export async function connect(port: number, options: h2.ClientSessionOptions = {}): Promise<h2.ClientHttp2Session> {
  const session = h2.connect(`http://127.0.0.1:${port}`, { maxSessionMemory: sessionMemory, ...options });
  session.on('error', () => {});
  await once(session, 'connect');
  return session;
}
