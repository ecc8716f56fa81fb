/**
 * Sends each vector over a connection of its own and waits for its end. Arguments: address, port,
 * patience in ms; vectors as JSON on standard input.
 */

import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import type { Vector } from './vectors/vector.ts';

const [address, port, patience] = process.argv.slice(2);
/** Without an answer for so long, the server waits for more; the time is only lost where one does. */
const patienceMs = Number(patience);

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
