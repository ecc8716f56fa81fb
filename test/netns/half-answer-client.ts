/**
 * Clients that wait for the second half of an answer; runs in a namespace of its own as
 * `node half-answer-client.ts HOST PORT COUNT`. Writes `half` for each that has the first half, `more` for what it gets beyond it,
 * and then how its connection ended: `end`, as whole answers do, or the error's code.
 */

import { connect } from 'node:net';

const [host = '', port = '', count = '1'] = process.argv.slice(2);
const head = 'GET /public/half HTTP/1.1\r\nHost: origin\r\n\r\n';

for (let number = 0; number < Number(count); number++) {
  const socket = connect({ host, port: Number(port) });
  let text = '';
  socket.setNoDelay(true).setEncoding('latin1');
  socket.on('connect', () => {
    // Two segments, so that the kernel leaves it to the proxy.
    socket.write(head.slice(0, 20));
    setImmediate(() => socket.write(head.slice(20)));
  });
  socket.on('data', (part: string) => {
    text += part;
    if (text.endsWith('the first half')) console.log('half');
    else if (text.includes('the first half')) console.log('more');
  });
  socket.on('end', () => console.log('end'));
  socket.on('error', (error: NodeJS.ErrnoException) => console.log(error.code));
}
