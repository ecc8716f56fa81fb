/** `relay.ts PORT ADDRESS PORT`: the least that a hop in Node costs; both sides piped into each other. */

import { connect, createServer } from 'node:net';
import { pipeline } from 'node:stream';

const [port, address = '', to] = process.argv.slice(2);
createServer({ noDelay: true }, (client) => {
  const server = connect({ host: address, port: Number(to), noDelay: true });
  pipeline(client, server, () => {});
  pipeline(server, client, () => {});
}).listen(Number(port));
