/**
 * One end of the recorded exchanges, in a namespace of its own: `node exchange-end.ts server PORT`, or
 * `… client PORT ADDRESS`. Writes what it saw of each as a JSON line.
 */

import { connect, createServer, type Socket } from 'node:net';
import { exchangeCount, play, type Seen } from './exchanges.ts';

const [who, port, address] = process.argv.slice(2);
const lanes = 16;

function tell(seen: Seen): void {
  process.stdout.write(`${JSON.stringify(seen)}\n`);
}

/** The first request's target names the exchange. */
function serve(socket: Socket): void {
  let early = Buffer.alloc(0);
  const look = (part: Buffer): void => {
    early = Buffer.concat([early, part]);
    const id = /^[^ ]+ \/e\/([0-9]+)\//.exec(early.toString('latin1', 0, 64))?.[1];
    if (id === undefined) return;
    socket.off('data', look);
    socket.off('error', ignore);
    void play(socket, 'server', Number(id), early).then(tell);
  };
  const ignore = (): void => undefined;
  socket.on('data', look);
  socket.on('error', ignore);
}

async function ask(): Promise<void> {
  let next = 0;
  const lane = async (): Promise<void> => {
    for (let id = next++; id < exchangeCount; id = next++) {
      const socket = connect({ port: Number(port), host: address ?? '', allowHalfOpen: true });
      tell(await play(socket, 'client', id));
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
}

if (who === 'server') {
  createServer({ allowHalfOpen: true }, serve).listen({ port: Number(port), host: '::' }, () =>
    console.log('"listening"'),
  );
} else {
  await ask();
}
