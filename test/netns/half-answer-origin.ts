/**
 * A server that never comes to the end of its answers, whose end is that of their connection (RFC 9112 section 6.3); runs in a
 * namespace of its own as `node half-answer-origin.ts PORT`. Writes a line once a connection ended: `end`, or the error's code.
 */

import { createServer } from 'node:net';

const server = createServer({ allowHalfOpen: true }, (socket) => {
  socket.setEncoding('latin1');
  let text = '';
  let said = false;
  socket.on('data', (part: string) => {
    text += part;
    if (said || !text.includes('\r\n\r\n')) return;
    said = true;
    socket.write('HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nthe first half');
  });
  socket.on('end', () => console.log('end'));
  socket.on('error', (error: NodeJS.ErrnoException) => console.log(error.code));
});
server.listen({ port: Number(process.argv[2]), host: '::' }, () => console.log('listening'));
