/** The floor of any proxy in Node: two sockets, a check of the path's start, no parser. Arguments: own and origin's address. */

import { connect, createServer } from 'node:net';

const [host, port, originHost, originPort] = process.argv.slice(2);
const allowed = /^[A-Z]+ \/public\//;

createServer({ noDelay: true }, (client) => {
  const origin = connect({ host: originHost ?? '', port: Number(originPort), noDelay: true });
  client.on('data', (chunk) => {
    if (allowed.test(chunk.toString('latin1', 0, 32))) origin.write(chunk);
    else client.end('HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n');
  });
  origin.on('data', (chunk) => client.write(chunk));
  for (const [one, other] of [
    [client, origin],
    [origin, client],
  ] as const) {
    one.on('error', () => other.destroy());
    one.on('close', () => other.destroy());
  }
}).listen({ host, port: Number(port), backlog: 4096 });
