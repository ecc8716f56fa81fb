/** An echo server of WebSocket messages (RFC 6455), in a namespace of its own: `node websocket-origin.ts PORT`. */

import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import type { Duplex } from 'node:stream';

const key = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
const closeFrame = 8;

const server = createServer((request, response) => {
  console.log(JSON.stringify(request.url));
  response.end('no WebSocket\n');
});

server.on('upgrade', (request, socket, early) => {
  console.log(JSON.stringify(request.url));
  const accept = createHash('sha1').update(`${request.headers['sec-websocket-key']}${key}`).digest('base64');
  const fields = ['Upgrade: websocket', 'Connection: Upgrade', `Sec-WebSocket-Accept: ${accept}`];
  socket.write(`HTTP/1.1 101 Switching Protocols\r\n${fields.join('\r\n')}\r\n\r\n`);
  echo(socket, early);
});

function echo(socket: Duplex, early: Buffer): void {
  let waiting = early;
  socket.on('error', () => socket.destroy());
  socket.on('data', (bytes: Buffer) => {
    waiting = Buffer.concat([waiting, bytes]);
    for (let frame = frameOf(waiting); frame; frame = frameOf(waiting)) {
      waiting = waiting.subarray(frame.length);
      socket.write(frame.echo);
      if (frame.opcode === closeFrame) socket.end();
    }
  });
}

/** A client's frame (section 5.2), and the same unmasked; undefined while it is not whole. */
function frameOf(bytes: Buffer): { opcode: number; length: number; echo: Buffer } | undefined {
  if (bytes.length < 2) return undefined;
  const short = bytes.readUInt8(1) & 0x7f;
  const start = short < 126 ? 2 : short === 126 ? 4 : 10;
  if (bytes.length < start + 4) return undefined;
  const size = short < 126 ? short : short === 126 ? bytes.readUInt16BE(2) : Number(bytes.readBigUInt64BE(2));
  const length = start + 4 + size;
  if (bytes.length < length) return undefined;
  const mask = bytes.subarray(start, start + 4);
  const echo = Buffer.concat([bytes.subarray(0, start), bytes.subarray(start + 4, length)]);
  echo.writeUInt8(short, 1);
  for (let at = 0; at < size; at++) echo.writeUInt8(echo.readUInt8(start + at) ^ mask.readUInt8(at % 4), start + at);
  return { opcode: bytes.readUInt8(0) & 0x0f, length, echo };
}

server.listen({ port: Number(process.argv[2]), host: '::' }, () => console.log('"listening"'));
