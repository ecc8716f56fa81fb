/**
 * One connection, kept open: `node keep-alive-client.ts ADDRESS PORT`, told by messages what to send, byte for byte. Answers
 * each with the whole response, or with how the connection ended instead.
 */

import { connect } from 'node:net';

const [address = '', port = ''] = process.argv.slice(2);
const socket = connect({ host: address, port: Number(port), noDelay: true });
let arrived = '';
let asked = false;

function say(text: string): void {
  asked = false;
  process.send?.(text);
}

/** Of the response that is whole, bytes. */
function responseLength(): number | undefined {
  const head = arrived.indexOf('\r\n\r\n') + 4;
  if (head < 4) return undefined;
  const length = head + Number(/^content-length: *([0-9]+)/im.exec(arrived.slice(0, head))?.[1] ?? 0);
  return arrived.length >= length ? length : undefined;
}

socket.on('data', (bytes) => {
  arrived += bytes.toString('latin1');
  const length = responseLength();
  if (length === undefined) return;
  const response = arrived.slice(0, length);
  arrived = arrived.slice(length);
  say(response);
});
socket.on('connect', () => say('connected'));
socket.on('error', (error: NodeJS.ErrnoException) => say(error.code ?? error.message));
socket.on('close', () => {
  if (asked) say('closed');
});
process.on('message', (text: string) => {
  asked = true;
  if (socket.destroyed) say('closed');
  else socket.write(Buffer.from(text, 'latin1'));
});
