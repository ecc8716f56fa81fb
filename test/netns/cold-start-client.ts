/**
 * Requests of which the kernel must let the proxy decide, each on a connection on which the kernel judged one before; runs in a
 * namespace of its own as `node cold-start-client.ts HOST PORT KIND COUNT`. Writes how many were answered as they should be.
 */

import { connect, type Socket } from 'node:net';

const [host = '', port = '', kind = '', count = '1'] = process.argv.slice(2);

const get = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: origin\r\n\r\n`;

interface Kind {
  readonly ask: (socket: Socket) => void;
  /** In the answers. */
  readonly expected: RegExp;
}

const kinds: Readonly<Record<string, Kind>> = {
  'a head in two segments': {
    ask: (socket) => {
      socket.write(get('/public/split').slice(0, 20));
      setImmediate(() => socket.write(get('/public/split').slice(20)));
    },
    expected: /^HTTP\/1.1 200 [\s\S]*origin GET \/public\/split/,
  },
  'half a head': { ask: (socket) => socket.write(get('/public/split').slice(0, 20)), expected: /nothing/ },
  'two requests in one segment': {
    ask: (socket) => socket.write(get('/public/one') + get('/public/two')),
    expected: /origin GET \/public\/one [\s\S]*HTTP\/1.1 200 [\s\S]*origin GET \/public\/two /,
  },
  'an allowed request behind an upload': {
    ask: behindUpload('/public/two'),
    expected: /origin POST \/public\/up 10\n[\s\S]*HTTP\/1.1 200 [\s\S]*origin GET \/public\/two /,
  },
  'a denied request behind an upload': {
    ask: behindUpload('/secret'),
    expected: /origin POST \/public\/up 10\n[\s\S]*HTTP\/1.1 403 /,
  },
  'a request and the end': { ask: (socket) => socket.end(get('/secret')), expected: /^HTTP\/1.1 403 / },
  'a head and a long body': {
    ask: (socket) => {
      const head = 'POST /secret HTTP/1.1\r\nHost: origin\r\nContent-Length: 12000\r\n\r\n';
      socket.write(head + 'b'.repeat(12_000));
    },
    expected: /^HTTP\/1.1 403 /,
  },
};

/** The end of an upload's body and the next request come in one segment. */
function behindUpload(path: string): (socket: Socket) => void {
  return (socket) => {
    socket.write('POST /public/up HTTP/1.1\r\nHost: origin\r\nContent-Length: 10\r\n\r\n01234');
    setImmediate(() => socket.write(`56789${get(path)}`));
  };
}

async function answered({ ask, expected }: Kind): Promise<boolean> {
  const socket = connect({ host, port: Number(port), allowHalfOpen: true });
  socket.setNoDelay(true).setEncoding('latin1').setTimeout(20_000);
  let text = '';
  try {
    return await new Promise<boolean>((resolve) => {
      let asked = false;
      socket.on('connect', () => socket.write(get('/public/first')));
      socket.on('data', (part: string) => {
        text += part;
        if (!asked && text.includes('origin GET /public/first')) {
          asked = true;
          text = '';
          ask(socket);
        } else if (asked && expected.test(text)) resolve(true);
      });
      for (const event of ['timeout', 'error', 'close']) socket.on(event, () => resolve(false));
    });
  } finally {
    socket.destroy();
  }
}

const played = kinds[kind];
let right = 0;
for (let number = 0; played && number < Number(count); number++) if (await answered(played)) right++;
console.log(right);
