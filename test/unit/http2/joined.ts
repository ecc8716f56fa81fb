/** Real servers behind the relay, on loopback. */

import { once } from 'node:events';
import http2 from 'node:http2';
import net, { type AddressInfo, type Socket } from 'node:net';
import { http2With } from '../../../proxy/http2/http2.ts';
import type { FlowRecord } from '../../../proxy/record.ts';
import type { HttpRuleSet } from '../../../src/policy/resolved.ts';
import { compile, notDeny } from './rules.ts';
import { joinSockets, TestRelay } from './test-relay.ts';

/** Node refuses streams when a session holds more than 10 MiB; the tests hold more. In MiB. */
const sessionMemory = 200;

export interface Joined extends AsyncDisposable {
  readonly port: number;
  readonly relays: readonly TestRelay[];
  flows(): readonly FlowRecord[];
}

export interface JoinOptions {
  readonly ruleSet?: HttpRuleSet;
  /** Octets that the protocol sees at a time. */
  readonly chunk?: number;
}

/** A port that leads through the relay to `serverPort`. */
export async function join(serverPort: number, options: JoinOptions = {}): Promise<Joined> {
  const relays: TestRelay[] = [];
  const sockets = new Set<Socket>();
  const listener = net.createServer({ allowHalfOpen: true }, (client) => {
    const server = net.connect({ port: serverPort, host: '127.0.0.1', allowHalfOpen: true });
    const relay = new TestRelay(http2With(compile), options.ruleSet ?? notDeny, Date.now);
    relays.push(relay);
    sockets.add(client).add(server);
    joinSockets(relay, client, server, options.chunk ?? Number.MAX_SAFE_INTEGER);
  });
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  return {
    port: (listener.address() as AddressInfo).port,
    relays,
    flows: () => relays.flatMap((relay) => relay.flows),
    [Symbol.asyncDispose]: async () => {
      for (const relay of relays) relay.close('reset', 'agent-stopped');
      for (const socket of sockets) socket.destroy();
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
  serve: (stream: http2.ServerHttp2Stream, headers: http2.IncomingHttpHeaders) => void,
  settings: http2.Settings = {},
): Promise<Origin> {
  const requests: string[] = [];
  const sessionErrors: Error[] = [];
  const sessions = new Set<http2.ServerHttp2Session>();
  const server = http2.createServer({ settings, maxSessionMemory: sessionMemory });
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
  readonly headers: http2.IncomingHttpHeaders;
  readonly trailers: http2.IncomingHttpHeaders;
  readonly body: Buffer;
  readonly code: number;
}

/** One request of Node's client; resolves when its stream is closed. */
export async function ask(
  session: http2.ClientHttp2Session,
  headers: http2.OutgoingHttpHeaders,
  body?: Buffer | string,
): Promise<Answer> {
  const stream = session.request(headers, { endStream: body === undefined });
  const chunks: Buffer[] = [];
  let head: http2.IncomingHttpHeaders = {};
  let trailers: http2.IncomingHttpHeaders = {};
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

export async function connect(
  port: number,
  options: http2.ClientSessionOptions = {},
): Promise<http2.ClientHttp2Session> {
  const session = http2.connect(`http://127.0.0.1:${port}`, { maxSessionMemory: sessionMemory, ...options });
  session.on('error', () => {});
  await once(session, 'connect');
  return session;
}

/** Waits for a condition that the other end of a socket brings about. */
export async function until(condition: () => boolean): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error(`not in time: ${String(condition)}`);
    await new Promise(setImmediate);
  }
}
