/** What waits for the loop's call lives on though nobody holds it: the collector must not end it behind its owner's back. */

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { closeFd, connectUpstream, listenMessages, listenTransparent, MessageSocket } from '../../native/index.ts';
import { eventually } from '../netns/eventually.ts';
import { directoryOf, namespaceOf } from './scratch.ts';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

const client = { address: '10.1.1.1', port: 4321 } as const;
const server = { address: '10.2.2.2', port: 80 } as const;

/** Finalizers run in a turn of the loop after the collection that found their objects. */
async function collected(): Promise<void> {
  collectGarbage();
  await new Promise((resolve) => setImmediate(resolve));
}

test('attempts end, well or not', async (t) => {
  const { fd: netns } = namespaceOf(t);
  const ends: (string | number | undefined)[] = [];
  // Each begins in the callback of the one before: the loop finalizes what is garbage before it polls again.
  const attempt = (left: number): void => {
    connectUpstream({ netns, client, server }, (error, fd) => {
      ends.push(error?.errnoName ?? fd);
      if (left > 1) attempt(left - 1);
    });
    collectGarbage();
  };
  attempt(20);
  await eventually('twenty ends', () => ends.length === 20 || undefined);
  assert.deepEqual(ends.splice(0), Array(20).fill('ECONNREFUSED'));

  const listener = listenTransparent({ netns, port: server.port, backlog: 1 });
  t.after(() => closeFd(listener));
  attempt(1);
  closeFd((await eventually('a descriptor', () => ends.shift())) as number);
});

test('message sockets go on', async (t) => {
  const path = join(directoryOf(t), 'socket');
  const received: string[] = [];
  const receiver = {
    onMessage: (bytes: Buffer): void => void received.push(bytes.toString()),
    onEnd: (): void => void received.push('end'),
  };
  const listener = listenMessages(path, (fd) => new MessageSocket(fd, receiver));
  t.after(() => listener.close());
  const near = MessageSocket.connect(path, receiver);
  await collected();
  near.send(Buffer.from('hello'));
  await eventually('the message', () => received.length === 1 || undefined);
  await collected();
  near.close();
  await eventually('the end', () => received.length === 2 || undefined);
  assert.deepEqual(received, ['hello', 'end']);
});
