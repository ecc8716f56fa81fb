/**
 * The server behind the proxy; runs in a namespace of its own as `node origin-server.ts PORT`. Writes one JSON line a
 * request to standard output, with the address and port that it sees.
 *
 * `GET /…bytes/N` answers N bytes; a request's body is read to its end and counted; `/…slow/N` answers after N ms.
 */

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { Readable } from 'node:stream';

const chunk = Buffer.alloc(64 * 1024, 0x73);

function* bytes(count: number): Generator<Buffer> {
  for (let left = count; left > 0; left -= chunk.length) yield left >= chunk.length ? chunk : chunk.subarray(0, left);
}

function numberAfter(word: string, path: string): number | undefined {
  const found = path.split('/');
  const at = found.indexOf(word);
  return at < 0 ? undefined : Number(found[at + 1]);
}

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const path = request.url ?? '/';
  // Closed connections have no remote address any more.
  const { remoteAddress = '', remotePort = 0 } = request.socket;
  let received = 0;
  for await (const part of request) received += (part as Buffer).length;
  const line = {
    method: request.method,
    path,
    address: remoteAddress.replace(/^::ffff:/, ''),
    port: remotePort,
    received,
  };
  process.stdout.write(`${JSON.stringify(line)}\n`);
  const size = numberAfter('bytes', path);
  if (size !== undefined) {
    response.writeHead(200, { 'content-length': size });
    Readable.from(bytes(size)).pipe(response);
    return;
  }
  const body = `origin ${request.method} ${path} ${received}\n`;
  setTimeout(() => response.end(body), numberAfter('slow', path) ?? 0);
}

const server = createServer((request, response) => {
  // A client that went away in the middle of its body is no failure of the origin.
  answer(request, response).catch(() => response.destroy());
});
server.keepAliveTimeout = 600_000;
server.listen({ port: Number(process.argv[2]), host: '::', backlog: 4096 }, () =>
  process.stdout.write('"listening"\n'),
);
