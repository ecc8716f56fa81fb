/**
 * The page's server, in a namespace of its own: `node origin.ts PORT`. Writes what it was asked for, with the client's
 * port, as a JSON line; `POST /test.Echo/…` are calls of gRPC-Web.
 */

import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { stripTypeScriptTypes } from 'node:module';

const page = '<!doctype html><title>page</title><script type="module" src="/page.js"></script>';
const script = stripTypeScriptTypes(readFileSync(new URL('page.ts', import.meta.url), 'utf8'));
const trailers = Buffer.from('grpc-status: 0\r\n');

function frame(flags: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt8(flags);
  head.writeUInt32BE(payload.length, 1);
  return Buffer.concat([head, payload]);
}

function answer(path: string, body: Buffer, response: ServerResponse): void {
  if (path === '/') response.setHeader('content-type', 'text/html').end(page);
  else if (path === '/page.js') response.setHeader('content-type', 'text/javascript').end(script);
  else if (path.startsWith('/test.Echo/')) {
    response.setHeader('content-type', 'application/grpc-web+proto');
    response.end(Buffer.concat([frame(0, body.subarray(5)), frame(0x80, trailers)]));
  } else response.end(`${path} ${body.length}`);
}

async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  const path = request.url ?? '';
  console.log(JSON.stringify({ asked: `${request.method} ${path}`, port: request.socket.remotePort }));
  answer(path, Buffer.concat(parts), response);
}

const server = createServer((request, response) => {
  serve(request, response).catch(() => response.destroy());
});
server.listen({ port: Number(process.argv[2]), host: '::' }, () => console.log('"listening"'));
