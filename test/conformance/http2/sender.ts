/**
 * Sends each vector over a connection of its own until nothing comes any more. Arguments: address, port,
 * patience in ms; vectors as JSON on standard input.
 */

import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import type { Vector } from '../http/vectors/vector.ts';

const [address, port, patience] = process.argv.slice(2);
/** Without an answer for so long, the server waits for more; the time is only lost where one does. */
const patienceMs = Number(patience);
const lanes = 16;

function send({ bytes }: Vector): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect({ host: address ?? '', port: Number(port), noDelay: true });
    const giveUp = setTimeout(() => socket.destroy(), patienceMs);
    // HTTP/2 servers take the end of a connection for the end of its streams, so it is not sent along.
    socket.on('connect', () => socket.write(Buffer.from(bytes, 'latin1')));
    socket.on('data', () => giveUp.refresh());
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      clearTimeout(giveUp);
      resolve();
    });
  });
}

const vectors = JSON.parse(await text(process.stdin)) as readonly Vector[];
await Promise.all(
  Array.from({ length: lanes }, async (_, lane) => {
    for (let at = lane; at < vectors.length; at += lanes) {
      const vector = vectors[at];
      if (vector) await send(vector);
    }
  }),
);
