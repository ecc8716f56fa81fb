/** A stream of known bytes, written and checked. */

import { createHash } from 'node:crypto';
import type net from 'node:net';

/** 1 MiB that is nowhere the same for long. */
export const chunk = Buffer.from(Array.from({ length: 1 << 20 }, (_, at) => (at * 7 + (at >> 10)) & 255));

/** Writes the chunk so many times, as fast as it is taken, and ends. */
export function pour(socket: net.Socket, chunks: number): void {
  let left = chunks;
  const more = () => {
    while (left > 0) {
      left -= 1;
      if (!socket.write(chunk)) return;
    }
    socket.end();
  };
  socket.on('drain', more);
  more();
}

export interface Digest {
  readonly bytes: number;
  readonly sha: string;
}

export function digest(socket: net.Socket): Promise<Digest> {
  const hash = createHash('sha256');
  let bytes = 0;
  const { promise, resolve } = Promise.withResolvers<Digest>();
  socket.on('data', (data) => {
    bytes += data.length;
    hash.update(data);
  });
  socket.on('end', () => resolve({ bytes, sha: hash.digest('hex') }));
  return promise;
}
