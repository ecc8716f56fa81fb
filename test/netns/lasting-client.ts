/**
 * Connections that last, of every protocol that is no plain HTTP/1.1, and never pause; runs in a namespace of its own, told
 * what to do by its parent (lasting.ts): an order starts it, `'report'` asks for the counts so far, `'stop'` ends it.
 */

import { connect } from 'node:http2';
import { setTimeout as pause } from 'node:timers/promises';
import * as grpc from '@grpc/grpc-js';
import type { LastingOrder, LastingReport } from './lasting.ts';

const done: Record<string, number> = {};
const ended: Record<string, number> = {};
let stopping = false;

function count(table: Record<string, number>, key: string): void {
  table[key] = (table[key] ?? 0) + 1;
}

async function http2Connection({ server, http2, streams }: LastingOrder): Promise<void> {
  const session = connect(`http://${server}:${http2}`);
  session.on('error', (error: NodeJS.ErrnoException) => count(ended, `http2 error ${error.code}`));
  session.on('goaway', (code, last) => count(ended, `http2 GOAWAY ${code} ${last}`));
  session.on('close', () => stopping || count(ended, 'http2 closed'));
  const ask = (path: string): Promise<void> =>
    new Promise((resolve) => {
      const stream = session.request({ ':path': path });
      let status = 0;
      stream.on('response', (head) => {
        status = Number(head[':status']);
      });
      stream.on('error', (error: NodeJS.ErrnoException) => count(ended, `http2 ${path} ${error.code}`));
      stream.on('close', () => {
        if (stream.rstCode === 0) count(done, `http2 ${path} ${status}`);
        resolve();
      });
      stream.resume();
    });
  const line = async (at: number): Promise<void> => {
    for (let turn = at; !stopping && !session.closed; turn++) {
      await ask(turn % 20 === 0 ? '/secret' : turn % 5 === 0 ? '/public/bytes/300000' : '/public');
      await pause(5);
    }
  };
  await Promise.all(Array.from({ length: streams }, (_, at) => line(at)));
  session.destroy();
}

async function grpcConnection({ server, grpc: port }: LastingOrder): Promise<void> {
  const same = (octets: Buffer): Buffer => octets;
  const client = new grpc.Client(`${server}:${port}`, grpc.credentials.createInsecure(), {
    'grpc.use_local_subchannel_pool': 1,
    // A call that a connection lost is to be seen, not made again.
    'grpc.enable_retries': 0,
  });
  const chat = client.makeBidiStreamRequest('/test.Echo/Chat', same, same);
  let said = 0;
  const heard = new Promise<void>((resolve) => {
    const say = (): void => {
      if (stopping) chat.end();
      else setTimeout(() => chat.write(Buffer.from(`message ${++said}`)), 5);
    };
    chat.on('data', (message: Buffer) => {
      count(message.toString() === `message ${said}` ? done : ended, 'grpc message');
      say();
    });
    chat.on('error', () => undefined);
    chat.on('status', ({ code }) => {
      count(stopping ? done : ended, `grpc Chat ${grpc.status[code]}`);
      resolve();
    });
    say();
  });
  const call = (method: string): Promise<void> =>
    new Promise((resolve) => {
      client.makeUnaryRequest(`/test.Echo/${method}`, same, same, Buffer.from(method), (error) => {
        const code = grpc.status[error?.code ?? 0];
        const expected = method === 'Denied' ? 'PERMISSION_DENIED' : 'OK';
        count(code === expected ? done : ended, `grpc ${method} ${code}`);
        resolve();
      });
    });
  for (let turn = 1; !stopping; turn++) {
    await call(turn % 20 === 0 ? 'Denied' : 'Unary');
    await pause(5);
  }
  await heard;
  client.close();
}

function webSocketConnection({ server, webSocket }: LastingOrder): Promise<void> {
  return new Promise((resolve) => {
    const socket = new WebSocket(`ws://${server}:${webSocket}/echo`);
    let said = '';
    const say = (): void => {
      said = 'x'.repeat(1 + Math.floor(Math.random() * 100_000));
      if (stopping) socket.close(1000);
      else setTimeout(() => socket.send(said), 5);
    };
    socket.addEventListener('open', say);
    socket.addEventListener('message', ({ data }) => {
      count(data === said ? done : ended, 'websocket message');
      say();
    });
    socket.addEventListener('close', ({ code }) => {
      count(stopping ? done : ended, `websocket closed ${code}`);
      resolve();
    });
  });
}

function report(final: boolean): void {
  const message: LastingReport = { final, done, ended };
  process.send?.(message);
}

process.on('message', (message: LastingOrder | 'report' | 'stop') => {
  if (message === 'report') {
    report(false);
  } else if (message === 'stop') {
    stopping = true;
  } else {
    const all = Array.from({ length: message.connections }, () => [
      http2Connection(message),
      grpcConnection(message),
      webSocketConnection(message),
    ]);
    void Promise.all(all.flat()).then(() => {
      report(true);
      process.disconnect();
    });
  }
});
