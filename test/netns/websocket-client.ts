/**
 * Node's own WebSocket in a namespace of its own: sends messages of growing size, text and binary, and says as JSON which
 * came back unchanged: `node websocket-client.ts URL`. With `hold` it keeps the connection until it is closed.
 */

const [url = '', mode] = process.argv.slice(2);
const sizes = [0, 125, 126, 65_535, 65_536, 1_000_000];
const messages = sizes.flatMap((size) => ['x'.repeat(size), new Uint8Array(size).fill(7)]);

const socket = new WebSocket(url);
socket.binaryType = 'arraybuffer';
let echoed = 0;

function next(): void {
  const message = messages[echoed];
  if (message !== undefined) socket.send(message);
  else if (mode === 'hold') console.log('"held"');
  else socket.close(1000, 'done');
}

function isSame(data: unknown): boolean {
  const sent = messages[echoed];
  if (typeof sent === 'string') return data === sent;
  return data instanceof ArrayBuffer && sent !== undefined && Buffer.compare(new Uint8Array(data), sent) === 0;
}

socket.addEventListener('open', next);
socket.addEventListener('message', ({ data }) => {
  if (!isSame(data)) throw new Error(`message ${echoed} came back changed`);
  echoed += 1;
  next();
});
socket.addEventListener('close', ({ code }) => console.log(JSON.stringify({ echoed, code })));
