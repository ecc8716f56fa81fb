/**
 * Every kind of call to `test.Echo` by @grpc/grpc-js over one connection; writes what came of each as JSON. Arguments:
 * address, port. grpc-client.py is the same by gRPC's C core. Both give the same words for the same results.
 */

import * as grpc from '@grpc/grpc-js';

const [address = '', port = ''] = process.argv.slice(2);
const same = (octets: Buffer): Buffer => octets;
const client = new grpc.Client(`${address}:${port}`, grpc.credentials.createInsecure(), {
  'grpc.max_receive_message_length': -1,
  'grpc.max_send_message_length': -1,
  // The calls that wait take longer than that, so PINGs go out meanwhile.
  'grpc.keepalive_time_ms': 50,
  'grpc.keepalive_timeout_ms': 10_000,
});

function shown(metadata: grpc.Metadata): string {
  const text = metadata.get('x-text').map(String);
  const octets = metadata.get('x-octets-bin').map((value) => Buffer.from(value).toString('hex'));
  return [...text, ...octets].join(' ');
}

function failed(error: grpc.ServiceError): string {
  return `${grpc.status[error.code]}`;
}

function unary(
  method: string,
  message: Buffer,
  metadata = new grpc.Metadata(),
  options: grpc.CallOptions = {},
): Promise<{ readonly reply: string; readonly octets: number; readonly metadata: string }> {
  return new Promise((resolve) => {
    let heads = '';
    let reply = '';
    let octets = 0;
    const call = client.makeUnaryRequest(
      `/test.Echo/${method}`,
      same,
      same,
      message,
      metadata,
      options,
      (error, value) => {
        octets = value?.length ?? 0;
        reply = error ? `${failed(error)} ${method === 'Slow' ? '' : error.details}`.trim() : '';
        if (value && octets < 1000) reply = value.toString();
      },
    );
    call.on('metadata', (head) => {
      heads += shown(head);
    });
    call.on('status', ({ metadata: trailers }) => {
      // The callback of the call may come after its status.
      setImmediate(() => resolve({ reply, octets, metadata: `${heads}|${shown(trailers)}` }));
    });
  });
}

function up(messages: number, size: number): Promise<string> {
  return new Promise((resolve) => {
    const call = client.makeClientStreamRequest('/test.Echo/Up', same, same, (error, value) =>
      resolve(error ? failed(error) : String(value)),
    );
    for (let at = 0; at < messages; at++) call.write(Buffer.alloc(size, 1));
    call.end();
  });
}

function down(count: number): Promise<string> {
  return new Promise((resolve) => {
    const call = client.makeServerStreamRequest('/test.Echo/Down', same, same, Buffer.from(String(count)));
    let [messages, last] = [0, ''];
    call.on('data', (message: Buffer) => {
      messages++;
      last = message.toString();
    });
    call.on('error', (error: grpc.ServiceError) => resolve(failed(error)));
    call.on('end', () => resolve(`${messages} ${last}`));
  });
}

function chat(words: readonly string[]): Promise<string> {
  return new Promise((resolve) => {
    const call = client.makeBidiStreamRequest('/test.Echo/Chat', same, same);
    const heard: string[] = [];
    const speak = (): void => {
      const word = words[heard.length];
      if (word === undefined) call.end();
      else call.write(Buffer.from(word));
    };
    call.on('data', (message: Buffer) => {
      heard.push(message.toString());
      speak();
    });
    call.on('error', (error: grpc.ServiceError) => resolve(failed(error)));
    call.on('end', () => resolve(heard.join(' ')));
    speak();
  });
}

function cancelled(): Promise<string> {
  return new Promise((resolve) => {
    const call = client.makeServerStreamRequest('/test.Echo/Stay', same, same, Buffer.from('one'));
    call.on('data', () => call.cancel());
    call.on('error', (error: grpc.ServiceError) => resolve(failed(error)));
  });
}

/** All are open before the first one ends. @returns how many heard what they said. */
async function together(count: number): Promise<number> {
  const calls = Array.from({ length: count }, (_, at) => {
    const call = client.makeBidiStreamRequest('/test.Echo/Chat', same, same);
    const heard = new Promise<boolean>((resolve) => {
      call.once('data', (message: Buffer) => resolve(message.toString() === `call ${at}`));
      call.on('error', () => resolve(false));
    });
    const ended = new Promise((resolve) => call.on('status', resolve));
    call.write(Buffer.from(`call ${at}`));
    return { call, heard, ended };
  });
  const good = await Promise.all(calls.map(({ heard }) => heard));
  for (const { call } of calls) call.end();
  await Promise.all(calls.map(({ ended }) => ended));
  return good.filter(Boolean).length;
}

const metadata = new grpc.Metadata();
metadata.add('x-text', 'some text');
metadata.add('x-octets-bin', Buffer.from([0, 10, 13, 0x80, 0xff]));
const large = 100 * 1024 * 1024;
const deadline = (): grpc.CallOptions => ({ deadline: Date.now() + 300 });

const results = {
  unary: (await unary('Unary', Buffer.from('hello'))).reply,
  metadata: (await unary('Metadata', Buffer.from('m'), metadata)).metadata,
  fail: await unary('Fail', Buffer.from('f')),
  up: await up(500, 10_000),
  down: await down(500),
  chat: await chat(['one', 'two', 'three']),
  cancelled: await cancelled(),
  large: (await unary('Unary', Buffer.alloc(large, 7))).octets,
  together: await together(1000),
  deadline: (await unary('Slow', Buffer.from('s'), undefined, deadline())).reply,
  beside: await Promise.all([
    chat(['before', 'after']),
    unary('Denied', Buffer.from('d')).then(({ reply }) => reply),
    unary('Unary', Buffer.from('u')).then(({ reply }) => reply),
  ]),
};
process.stdout.write(JSON.stringify(results));
client.close();
