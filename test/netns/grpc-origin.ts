/**
 * `test.Echo` by @grpc/grpc-js; runs in a namespace of its own as `node grpc-origin.ts PORT…`. Writes one JSON line a call,
 * the method's name, and `cancelled` for a call that its client gave up. grpc-origin.py is the same by gRPC's C core.
 *
 * Messages are octets. Unary and Denied echo; Up counts; Down sends as many messages as the request says; Chat echoes
 * each; Stay echoes and goes on for ever; Slow never answers; Fail answers ABORTED; Metadata sends `x-text` and
 * `x-octets-bin` back, at both ends.
 */

import * as grpc from '@grpc/grpc-js';

type Unary = grpc.handleUnaryCall<Buffer, Buffer>;

function say(word: string): void {
  process.stdout.write(`${JSON.stringify(word)}\n`);
}

const same = (octets: Buffer): Buffer => octets;

function method(name: string, requestStream: boolean, responseStream: boolean): grpc.MethodDefinition<Buffer, Buffer> {
  return {
    path: `/test.Echo/${name}`,
    requestStream,
    responseStream,
    requestSerialize: same,
    requestDeserialize: same,
    responseSerialize: same,
    responseDeserialize: same,
  };
}

const service = {
  Unary: method('Unary', false, false),
  Denied: method('Denied', false, false),
  Up: method('Up', true, false),
  Down: method('Down', false, true),
  Chat: method('Chat', true, true),
  Stay: method('Stay', false, true),
  Slow: method('Slow', false, false),
  Fail: method('Fail', false, false),
  Metadata: method('Metadata', false, false),
};

function echo(name: string): Unary {
  return (call, answer) => {
    say(name);
    answer(null, call.request);
  };
}

function returned(metadata: grpc.Metadata): grpc.Metadata {
  const copy = new grpc.Metadata();
  for (const key of ['x-text', 'x-octets-bin']) for (const value of metadata.get(key)) copy.add(key, value);
  return copy;
}

const implementation: grpc.UntypedServiceImplementation = {
  Unary: echo('Unary'),
  Denied: echo('Denied'),
  Up: ((call, answer) => {
    say('Up');
    let [messages, octets] = [0, 0];
    call.on('data', (message: Buffer) => {
      messages++;
      octets += message.length;
    });
    call.on('end', () => answer(null, Buffer.from(`${messages} ${octets}`)));
  }) satisfies grpc.handleClientStreamingCall<Buffer, Buffer>,
  Down: ((call) => {
    say('Down');
    const count = Number(call.request.toString());
    for (let at = 0; at < count; at++) call.write(Buffer.from(`message ${at}`));
    call.end();
  }) satisfies grpc.handleServerStreamingCall<Buffer, Buffer>,
  Chat: ((call) => {
    say('Chat');
    call.on('data', (message: Buffer) => call.write(message));
    call.on('end', () => call.end());
  }) satisfies grpc.handleBidiStreamingCall<Buffer, Buffer>,
  Stay: ((call) => {
    say('Stay');
    call.on('cancelled', () => say('cancelled'));
    call.write(call.request);
  }) satisfies grpc.handleServerStreamingCall<Buffer, Buffer>,
  Slow: (() => say('Slow')) satisfies Unary,
  Fail: ((_, answer) => {
    say('Fail');
    const metadata = new grpc.Metadata();
    metadata.set('x-text', 'of the trailers');
    answer({ code: grpc.status.ABORTED, details: 'as asked: 100 %', metadata });
  }) satisfies Unary,
  Metadata: ((call, answer) => {
    say('Metadata');
    call.sendMetadata(returned(call.metadata));
    answer(null, call.request, returned(call.metadata));
  }) satisfies Unary,
};

const server = new grpc.Server({ 'grpc.max_receive_message_length': -1, 'grpc.max_send_message_length': -1 });
server.addService(service, implementation);
const bound = process.argv.slice(2).map(
  (port) =>
    new Promise((resolve, reject) => {
      server.bindAsync(`[::]:${port}`, grpc.ServerCredentials.createInsecure(), (error, given) => {
        if (error) reject(error);
        else resolve(given);
      });
    }),
);
await Promise.all(bound);
say('listening');
