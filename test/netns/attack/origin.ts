/**
 * A server that keeps the very bytes that came: `node origin.ts PORT`. Writes JSON lines to standard output:
 * `{id, address, port, data}` for each piece (latin1), `"listening"` before.
 *
 * Answers every request `200`; after `/public/stall` it reads nothing more on any connection until one asks for
 * `/public/resume` over another connection.
 */

import { createServer, type Socket } from 'node:net';

const stalled = new Set<Socket>();
let connections = 0;

/** Answers the whole requests of `text`. @returns what is left of it. */
function answer(socket: Socket, text: string): string {
  let rest = text;
  for (;;) {
    const end = rest.indexOf('\r\n\r\n');
    if (end < 0) return rest;
    const length = Number(/\r\ncontent-length: ([0-9]+)/i.exec(rest.slice(0, end))?.[1] ?? 0);
    if (rest.length < end + 4 + length) return rest;
    const path = rest.split(' ', 2)[1] ?? '';
    const body = `saw ${path}\n`;
    socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${body.length}\r\n\r\n${body}`);
    rest = rest.slice(end + 4 + length);
    if (path === '/public/stall') {
      socket.pause();
      stalled.add(socket);
    } else if (path === '/public/resume') {
      for (const one of stalled) one.resume();
      stalled.clear();
    }
  }
}

createServer({ allowHalfOpen: true }, (socket) => {
  const id = connections++;
  const { remoteAddress = '', remotePort: port = 0 } = socket;
  let rest = '';
  socket.setEncoding('latin1');
  socket.on('data', (data: string) => {
    process.stdout.write(`${JSON.stringify({ id, address: remoteAddress, port, data })}\n`);
    rest = answer(socket, rest + data);
  });
  socket.on('end', () => socket.end());
  socket.on('error', () => socket.destroy());
}).listen({ port: Number(process.argv[2]), host: '::' }, () => process.stdout.write('"listening"\n'));
