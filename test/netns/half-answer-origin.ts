/**
 * A server that never comes to the end of its answers, whose end is that of their connection (RFC 9112 section 6.3), and says
 * more when `/public/rest` is asked for; runs in a namespace of its own as `node half-answer-origin.ts PORT`. Writes a line once
 * a connection ended: `end`, or the error's code.
 */

import { createServer, type Socket } from 'node:net';

const halves = new Set<Socket>();

const server = createServer({ allowHalfOpen: true }, (socket) => {
  socket.setEncoding('latin1');
  let text = '';
  let said = false;
  socket.on('data', (part: string) => {
    text += part;
    if (said || !text.includes('\r\n\r\n')) return;
    said = true;
    if (text.startsWith('GET /public/rest ')) {
      for (const half of halves) half.write('the second half');
      socket.end('HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n');
      return;
    }
    halves.add(socket);
    socket.write('HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nthe first half');
  });
  socket.on('end', () => console.log('end'));
  socket.on('close', () => halves.delete(socket));
  socket.on('error', (error: NodeJS.ErrnoException) => console.log(error.code));
});
server.listen({ port: Number(process.argv[2]), host: '::' }, () => console.log('listening'));
