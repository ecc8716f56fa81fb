/**
 * Connections from given ports, each port again as soon as its last connection has ended from both sides, the server's first:
 * `ADDRESS PORT PATH FIRST COUNT ROUNDS`. Prints one line a connection: the response's status, and the milliseconds that it took.
 */

import { connect } from 'node:net';

const [host = '', port, path, first, count, rounds] = process.argv.slice(2);

function ask(localPort: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const start = performance.now();
    let text = '';
    const socket = connect({ host, port: Number(port), localPort, allowHalfOpen: true }, () =>
      socket.write(`GET ${path} HTTP/1.1\r\nHost: origin\r\nConnection: close\r\n\r\n`),
    );
    socket.setEncoding('latin1');
    socket.on('data', (chunk: string) => {
      text += chunk;
    });
    socket.on('end', () => socket.end());
    socket.on('error', reject);
    socket.on('close', () => resolve(`${text.slice(9, 12)} ${Math.round(performance.now() - start)}`));
  });
}

await Promise.all(
  Array.from({ length: Number(count) }, async (_, index) => {
    for (let round = 0; round < Number(rounds); round++) {
      const line = await ask(Number(first) + index).catch((error: unknown) => `000 ${String(error)}`);
      process.stdout.write(`${line}\n`);
    }
  }),
);
