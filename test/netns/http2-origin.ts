/**
 * A server of HTTP/2 with prior knowledge behind the proxy; runs in a namespace of its own as `node http2-origin.ts PORT`.
 * Writes a line a request as origin-server.ts does, once its body has ended, and answers as that does; a WebSocket
 * (RFC 8441) gets back what it sends.
 */

import { createServer, type IncomingHttpHeaders, type ServerHttp2Stream } from 'node:http2';
import { Readable } from 'node:stream';

const chunk = Buffer.alloc(64 * 1024, 0x73);

function* bytes(count: number): Generator<Buffer> {
  for (let left = count; left > 0; left -= chunk.length) yield left >= chunk.length ? chunk : chunk.subarray(0, left);
}

async function answer(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): Promise<void> {
  const method = String(headers[':method']);
  const path = String(headers[':path']);
  const { remoteAddress = '', remotePort = 0 } = stream.session?.socket ?? {};
  const write = (received: number): void => {
    const address = remoteAddress.replace(/^::ffff:/, '');
    process.stdout.write(`${JSON.stringify({ method, path, address, port: remotePort, received })}\n`);
  };
  if (method === 'CONNECT') {
    write(0);
    stream.respond({ ':status': 200 });
    stream.pipe(stream);
    return;
  }
  let received = 0;
  for await (const part of stream) received += (part as Buffer).length;
  write(received);
  const size = Number(/\/bytes\/(\d+)$/.exec(path)?.[1] ?? Number.NaN);
  stream.respond({ ':status': 200 });
  if (Number.isNaN(size)) stream.end(`origin ${method} ${path} ${received}\n`);
  else Readable.from(bytes(size)).pipe(stream);
}

const server = createServer({ settings: { enableConnectProtocol: true, initialWindowSize: 1024 * 1024 } });
server.on('stream', (stream, headers) => {
  // A client that went away in the middle of its body is no failure of the origin.
  stream.on('error', () => stream.destroy());
  answer(stream, headers).catch(() => stream.destroy());
});
server.on('sessionError', () => {});
server.listen({ port: Number(process.argv[2]), host: '::' }, () => process.stdout.write('"listening"\n'));
