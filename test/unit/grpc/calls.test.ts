/** grpc-js on both ends of the relay. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { promisify } from 'node:util';
import * as grpc from '@grpc/grpc-js';
import type { L7Facts } from '../../../proxy/record.ts';
import { type Joined, type JoinOptions, join } from '../http2/joined.ts';
import { grpcRules } from '../http2/rules.ts';
import { until } from '../node-relay/wiring.ts';

const bytes = (value: Buffer): Buffer => value;

function methodAt(
  path: string,
  requestStream: boolean,
  responseStream: boolean,
): grpc.MethodDefinition<Buffer, Buffer> {
  return {
    path,
    requestStream,
    responseStream,
    requestSerialize: bytes,
    requestDeserialize: bytes,
    responseSerialize: bytes,
    responseDeserialize: bytes,
  };
}

const echo = {
  unary: methodAt('/test.Echo/Unary', false, false),
  denied: methodAt('/test.Echo/denyUnary', false, false),
  collect: methodAt('/test.Echo/Collect', true, false),
  spread: methodAt('/test.Echo/Spread', false, true),
  chat: methodAt('/test.Echo/Chat', true, true),
  deniedChat: methodAt('/test.Echo/denyChat', true, true),
  never: methodAt('/test.Echo/Never', false, false),
};

interface Peers extends AsyncDisposable {
  readonly joined: Joined;
  readonly client: grpc.Client;
  readonly calls: string[];
  /** Calls that the server saw cancelled. */
  cancelled(): number;
}

async function startPeers(settings: JoinOptions = {}): Promise<Peers> {
  const options = { 'grpc.max_receive_message_length': -1, 'grpc.max_send_message_length': -1 };
  const server = new grpc.Server(options);
  const calls: string[] = [];
  let cancelled = 0;
  const unary = (call: grpc.ServerUnaryCall<Buffer, Buffer>, done: grpc.sendUnaryData<Buffer>) => {
    calls.push(call.getPath());
    const trailers = new grpc.Metadata();
    trailers.set('x-trailer', 'after');
    const answer = new grpc.Metadata();
    for (const value of call.metadata.get('x-echo')) answer.add('x-echo', value);
    call.sendMetadata(answer);
    if (call.request.toString() === 'fail') done({ code: grpc.status.NOT_FOUND, details: 'no such thing' });
    else done(null, call.request, trailers);
  };
  server.addService(echo, {
    unary,
    denied: unary,
    never: (call: grpc.ServerUnaryCall<Buffer, Buffer>) => {
      calls.push(call.getPath());
      call.on('cancelled', () => {
        cancelled += 1;
      });
    },
    collect: (call: grpc.ServerReadableStream<Buffer, Buffer>, done: grpc.sendUnaryData<Buffer>) => {
      const parts: Buffer[] = [];
      call.on('data', (part: Buffer) => parts.push(part));
      call.on('end', () => done(null, Buffer.concat(parts)));
    },
    spread: (call: grpc.ServerWritableStream<Buffer, Buffer>) => {
      for (const letter of call.request.toString()) call.write(Buffer.from(letter));
      call.end();
    },
    chat: (call: grpc.ServerDuplexStream<Buffer, Buffer>) => {
      call.on('data', (part: Buffer) => call.write(part));
      call.on('end', () => call.end());
    },
    deniedChat: (call: grpc.ServerDuplexStream<Buffer, Buffer>) => {
      calls.push(call.getPath());
      call.end();
    },
  });
  const port = await promisify(server.bindAsync.bind(server))('127.0.0.1:0', grpc.ServerCredentials.createInsecure());
  const joined = await join(port, settings);
  const client = new grpc.Client(`127.0.0.1:${joined.port}`, grpc.credentials.createInsecure(), options);
  return {
    joined,
    client,
    calls,
    cancelled: () => cancelled,
    [Symbol.asyncDispose]: async () => {
      client.close();
      await joined[Symbol.asyncDispose]();
      server.forceShutdown();
    },
  };
}

interface Outcome {
  readonly code: number;
  readonly details: string;
  readonly message: string;
  readonly metadata: grpc.Metadata | undefined;
  readonly trailers: grpc.Metadata | undefined;
}

function callUnary(
  { client }: Peers,
  path: string,
  request: string | Buffer,
  metadata = new grpc.Metadata(),
  options: grpc.CallOptions = {},
): { readonly call: grpc.ClientUnaryCall; readonly outcome: Promise<Outcome> } {
  const { promise, resolve } = Promise.withResolvers<Outcome>();
  let initial: grpc.Metadata | undefined;
  let message = '';
  const call = client.makeUnaryRequest(path, bytes, bytes, Buffer.from(request), metadata, options, (_error, value) => {
    message = value?.toString('latin1') ?? '';
  });
  call.on('metadata', (received: grpc.Metadata) => {
    initial = received;
  });
  call.on('status', ({ code, details, metadata: trailers }: grpc.StatusObject) => {
    setImmediate(() => resolve({ code, details, message, metadata: initial, trailers }));
  });
  return { call, outcome: promise };
}

async function chat(
  call: grpc.ClientDuplexStream<Buffer, Buffer>,
  parts: readonly string[],
): Promise<[number, string[]]> {
  const { promise, resolve } = Promise.withResolvers<[number, string[]]>();
  const got: string[] = [];
  call.on('error', () => {});
  call.on('data', (part: Buffer) => {
    got.push(part.toString());
    const next = parts[got.length];
    if (next === undefined) call.end();
    else call.write(Buffer.from(next));
  });
  call.on('status', ({ code }: grpc.StatusObject) => resolve([code, got]));
  call.write(Buffer.from(parts[0] ?? ''));
  return promise;
}

function grpcFacts(joined: Joined): L7Facts[] {
  return joined.flows.flatMap(({ l7 }) => (l7?.protocol === 'grpc' ? [l7] : []));
}

for (const chunk of [undefined, 1]) {
  test(`all four kinds of calls pass${chunk === undefined ? '' : ', one octet at a time'}`, async () => {
    await using peers = await startPeers(chunk === undefined ? {} : { chunk });
    const metadata = new grpc.Metadata();
    metadata.set('x-echo', 'said');
    metadata.set('x-key-bin', Buffer.from([0, 1, 255]));
    const unary = await callUnary(peers, echo.unary.path, 'hello', metadata).outcome;
    assert.deepEqual([unary.code, unary.message], [0, 'hello']);
    assert.deepEqual(unary.metadata?.get('x-echo'), ['said']);
    assert.deepEqual(unary.trailers?.get('x-trailer'), ['after']);
    const failed = await callUnary(peers, echo.unary.path, 'fail').outcome;
    assert.deepEqual([failed.code, failed.details], [grpc.status.NOT_FOUND, 'no such thing']);

    const collected = Promise.withResolvers<Buffer | undefined>();
    const upload = peers.client.makeClientStreamRequest(echo.collect.path, bytes, bytes, (_error, value) =>
      collected.resolve(value),
    );
    for (const letter of 'upload') upload.write(Buffer.from(letter));
    upload.end();
    assert.equal((await collected.promise)?.toString(), 'upload');

    const spread = peers.client.makeServerStreamRequest(echo.spread.path, bytes, bytes, Buffer.from('down'));
    const letters: string[] = [];
    for await (const part of spread) letters.push(String(part));
    assert.deepEqual(letters, ['d', 'o', 'w', 'n']);

    assert.deepEqual(await chat(peers.client.makeBidiStreamRequest(echo.chat.path, bytes, bytes), ['a', 'b', 'c']), [
      0,
      ['a', 'b', 'c'],
    ]);
    assert.deepEqual(grpcFacts(peers.joined), [
      { protocol: 'grpc', service: 'test.Echo', method: 'Unary', status: 0 },
      { protocol: 'grpc', service: 'test.Echo', method: 'Unary', status: 5 },
      { protocol: 'grpc', service: 'test.Echo', method: 'Collect', status: 0 },
      { protocol: 'grpc', service: 'test.Echo', method: 'Spread', status: 0 },
      { protocol: 'grpc', service: 'test.Echo', method: 'Chat', status: 0 },
    ]);
    for (const flow of peers.joined.flows) assert.ok(flow.latencyMs !== undefined && flow.latencyMs < 5_000);
  });
}

test('denied calls end with PERMISSION_DENIED while others on the connection go on', async () => {
  await using peers = await startPeers();
  const open = peers.client.makeBidiStreamRequest<Buffer, Buffer>(echo.chat.path, bytes, bytes);
  const talk = chat(
    open,
    Array.from({ length: 50 }, (_, index) => `part ${index}`),
  );
  for (let round = 0; round < 20; round++) {
    const denied = await callUnary(peers, echo.denied.path, 'x'.repeat(10_000)).outcome;
    assert.deepEqual([denied.code, denied.details], [grpc.status.PERMISSION_DENIED, 'Access denied']);
    assert.equal((await callUnary(peers, echo.unary.path, `round ${round}`).outcome).message, `round ${round}`);
  }
  const [status, got] = await chat(peers.client.makeBidiStreamRequest(echo.deniedChat.path, bytes, bytes), ['a']);
  assert.deepEqual([status, got], [grpc.status.PERMISSION_DENIED, []]);
  const [code, parts] = await talk;
  assert.deepEqual([code, parts.length], [0, 50]);
  assert.equal(peers.calls.filter((path) => path.includes('deny')).length, 0);
  const denied = peers.joined.flows.find(({ verdict }) => verdict === 'DENY');
  assert.deepEqual(denied?.l7, { protocol: 'grpc', service: 'test.Echo', method: 'denyUnary', status: 7 });
  assert.equal(denied?.reason, 'no-rule');
});

test('200 calls at once, half of them denied', async () => {
  await using peers = await startPeers();
  const outcomes = await Promise.all(
    Array.from({ length: 200 }, (_, index) => {
      const path = index % 2 === 0 ? echo.unary.path : echo.denied.path;
      return callUnary(peers, path, `call ${index}`).outcome;
    }),
  );
  for (const [index, { code, message }] of outcomes.entries()) {
    assert.deepEqual([code, message], index % 2 === 0 ? [0, `call ${index}`] : [grpc.status.PERMISSION_DENIED, '']);
  }
  assert.equal(peers.calls.length, 100);
});

test('a message of 10 MiB goes both ways', async () => {
  await using peers = await startPeers();
  await callUnary(peers, echo.denied.path, 'diverge first').outcome;
  const message = Buffer.alloc(10 * 1024 * 1024, 'big message ');
  const { code, message: got } = await callUnary(peers, echo.unary.path, message).outcome;
  assert.equal(code, 0);
  assert.ok(Buffer.from(got, 'latin1').equals(message));
});

test('cancellation and deadlines reach the server', async () => {
  await using peers = await startPeers();
  const { call, outcome } = callUnary(peers, echo.never.path, 'x');
  await until(() => peers.calls.length >= 1);
  call.cancel();
  assert.equal((await outcome).code, grpc.status.CANCELLED);
  const late = callUnary(peers, echo.never.path, 'x', new grpc.Metadata(), { deadline: Date.now() + 200 });
  assert.equal((await late.outcome).code, grpc.status.DEADLINE_EXCEEDED);
  await until(() => peers.cancelled() >= 2 && peers.joined.flows.length >= 2);
  const [first, second] = grpcFacts(peers.joined).map((facts) => facts.protocol === 'grpc' && facts.status);
  assert.equal(first, undefined);
  // The server watches the deadline too; either may be the first.
  assert.ok(second === undefined || second === grpc.status.DEADLINE_EXCEEDED);
});

test('a call that lasts is recorded when it opens and when it closes', async () => {
  await using peers = await startPeers();
  const call = peers.client.makeBidiStreamRequest<Buffer, Buffer>(echo.chat.path, bytes, bytes);
  const ended = Promise.withResolvers<number>();
  call.on('status', ({ code }: grpc.StatusObject) => ended.resolve(code));
  call.on('data', () => {});
  call.write(Buffer.from('hello'));
  await until(() => peers.joined.flows.length !== 0);
  call.end();
  assert.equal(await ended.promise, 0);
  assert.deepEqual(grpcFacts(peers.joined), [
    { protocol: 'grpc', service: 'test.Echo', method: 'Chat', phase: 'open' },
    { protocol: 'grpc', service: 'test.Echo', method: 'Chat', status: 0, phase: 'close' },
  ]);
});

test('rules of gRPC allow their methods alone', async () => {
  await using peers = await startPeers({ ruleSet: grpcRules });
  const codeOf = async (path: string) => (await callUnary(peers, path, 'x').outcome).code;
  assert.equal(await codeOf(echo.unary.path), grpc.status.OK);
  assert.equal(await codeOf(echo.never.path), grpc.status.PERMISSION_DENIED);
  assert.equal(await codeOf('/test.echo/unary'), grpc.status.PERMISSION_DENIED);
  assert.equal(await codeOf('/test.Echo//Unary'), grpc.status.PERMISSION_DENIED);
  assert.equal(await codeOf('/test.Echo/%55nary'), grpc.status.PERMISSION_DENIED);
  assert.equal(await codeOf('/grpc.health.v1.Health/Check'), grpc.status.PERMISSION_DENIED);
  // Allowed, and not there: the server's own answer.
  assert.equal(await codeOf('/test.Whole/Anything'), grpc.status.UNIMPLEMENTED);
  assert.deepEqual(new Set(peers.calls), new Set([echo.unary.path]));
});
