/** Sends each vector over a connection of its own and waits for its end. Arguments: address, port; vectors as JSON on standard input. */

import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import type { Vector } from './vectors/vector.ts';

const [address, port] = process.argv.slice(2);
/** A server that waits for more has decided by then; the time is only lost where one does. */
const patienceMs = 400;

function send({ bytes }: Vector): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect({ host: address ?? '', port: Number(port) });
    const giveUp = setTimeout(() => socket.destroy(), patienceMs);
    socket.on('connect', () => socket.end(Buffer.from(bytes, 'latin1')));
    socket.on('data', () => giveUp.refresh());
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      clearTimeout(giveUp);
      resolve();
    });
  });
}

const vectors = JSON.parse(await text(process.stdin)) as readonly Vector[];
const lanes = Array.from({ length: 8 }, async (_, lane) => {
  for (let at = lane; at < vectors.length; at += 8) {
    const vector = vectors[at];
    if (vector) await send(vector);
  }
});
await Promise.all(lanes);
