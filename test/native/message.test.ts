/** Messages with descriptors between two ends of a unix socket. */

import assert from 'node:assert/strict';
import { closeSync, openSync, readSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { listenMessages, MessageSocket } from '../../native/index.ts';
import { eventually } from '../netns/eventually.ts';
import { failing } from './failing.ts';
import { directoryOf, openDescriptors } from './scratch.ts';

class End {
  readonly received: { readonly text: string; readonly fds: readonly number[] }[] = [];
  ended = false;
  socket: MessageSocket | undefined;

  onMessage(bytes: Buffer, fds: readonly number[]): void {
    this.received.push({ text: bytes.toString(), fds });
  }

  onEnd(): void {
    this.ended = true;
  }
}

async function pairOf(t: TestContext): Promise<{ near: MessageSocket; far: MessageSocket; nearEnd: End; farEnd: End }> {
  const path = join(directoryOf(t), 'socket');
  const [nearEnd, farEnd] = [new End(), new End()];
  const listener = listenMessages(path, (fd) => {
    farEnd.socket = new MessageSocket(fd, farEnd);
  });
  assert.equal(statSync(path).mode & 0o777, 0o600);
  const near = MessageSocket.connect(path, nearEnd);
  const far = await eventually('the connection', () => farEnd.socket);
  listener.close();
  t.after(() => {
    near.close();
    far.close();
  });
  return { near, far, nearEnd, farEnd };
}

function fileOf(t: TestContext, text: string): number {
  const path = join(directoryOf(t), 'file');
  writeFileSync(path, text);
  return openSync(path, 'r');
}

test('a message arrives whole, with descriptors that are the same open files', async (t) => {
  const { near, far, nearEnd, farEnd } = await pairOf(t);
  const [one, two] = [fileOf(t, 'first'), fileOf(t, 'second')];
  near.send(Buffer.from('two files'), [one, two]);
  near.send(Buffer.from('no file'));
  far.send(Buffer.alloc(65_536, 0x61));
  await eventually('both messages', () => farEnd.received.length === 2 || undefined);
  assert.deepEqual(
    farEnd.received.map(({ text, fds }) => [text, fds.length]),
    [
      ['two files', 2],
      ['no file', 0],
    ],
  );
  const texts = (farEnd.received[0]?.fds ?? []).map((fd) => {
    const bytes = Buffer.alloc(16);
    const size = readSync(fd, bytes);
    closeSync(fd);
    return bytes.toString('latin1', 0, size);
  });
  assert.deepEqual(texts, ['first', 'second']);
  const large = await eventually('the large one', () => nearEnd.received[0]);
  assert.equal(large.text.length, 65_536);
});

test('what the peer has not read waits, in order, and its descriptors are neither lost nor left open', async (t) => {
  const { near, farEnd } = await pairOf(t);
  const file = fileOf(t, '');
  const before = openDescriptors();
  let waited = 0;
  for (let number = 0; number < 2000; number++) {
    waited = Math.max(waited, near.send(Buffer.from(`${number}`), [openSync(`/proc/self/fd/${file}`, 'r')]));
  }
  assert.ok(waited > 0, 'more was sent than the socket holds');
  await eventually('all messages', () => farEnd.received.length === 2000 || undefined);
  assert.deepEqual(
    farEnd.received.map(({ text }) => text),
    Array.from({ length: 2000 }, (_, number) => `${number}`),
  );
  for (const { fds } of farEnd.received) for (const fd of fds) closeSync(fd);
  assert.equal(openDescriptors(), before);
  closeSync(file);
});

test('what was sent before the end arrives before it, also when the peer had unread messages', async (t) => {
  const { near, far, nearEnd } = await pairOf(t);
  near.send(Buffer.from('never read'));
  far.send(Buffer.from('first'));
  far.send(Buffer.from('last'));
  far.close();
  await eventually('the end', () => nearEnd.ended || undefined);
  assert.deepEqual(
    nearEnd.received.map(({ text }) => text),
    ['first', 'last'],
  );
  assert.throws(() => near.send(Buffer.from('late')), failing('CLOSED'));
});

test('sending to a peer that is gone tells its end and nothing else', async (t) => {
  const { near, far, nearEnd } = await pairOf(t);
  far.close();
  near.send(Buffer.from('into the void'));
  await eventually('the end', () => nearEnd.ended || undefined);
});

test('a path where nobody listens, and arguments out of range, are refused', async (t) => {
  const { near } = await pairOf(t);
  const path = join(directoryOf(t), 'nobody');
  const unused = new End();
  assert.throws(() => MessageSocket.connect(path, unused), failing('HANDOVER', 'ENOENT'));
  assert.throws(() => MessageSocket.connect(`/${'a'.repeat(200)}`, unused), failing('ARGUMENT'));
  assert.throws(() => near.send(Buffer.alloc(0)), failing('ARGUMENT'));
  assert.throws(() => near.send(Buffer.alloc(65_537)), failing('ARGUMENT'));
  assert.throws(
    () =>
      near.send(
        Buffer.from('x'),
        Array.from({ length: 17 }, () => 0),
      ),
    failing('ARGUMENT'),
  );
  assert.throws(() => near.send(Buffer.from('x'), [-1]), failing('ARGUMENT'));
});
