/** What the page does in the browser, and sees. The origin serves this file with its types stripped. */

interface Answer {
  readonly status: number;
  readonly body: string;
}

interface GrpcAnswer {
  readonly httpStatus: number;
  readonly grpcStatus?: string;
  readonly message: string;
}

async function ask(path: string, init?: RequestInit): Promise<Answer> {
  const response = await fetch(path, init);
  return { status: response.status, body: await response.text() };
}

/** A unary call of gRPC-Web: one message there; a message and the trailers, each with flags and a length, back. */
async function call(method: string, message: string): Promise<GrpcAnswer> {
  const payload = new TextEncoder().encode(message);
  const body = new Uint8Array(5 + payload.length);
  new DataView(body.buffer).setUint32(1, payload.length);
  body.set(payload, 5);
  const headers = { 'content-type': 'application/grpc-web+proto', 'x-grpc-web': '1' };
  const response = await fetch(`/test.Echo/${method}`, { method: 'POST', headers, body });
  if (response.status !== 200) return { httpStatus: response.status, message: '' };
  return { httpStatus: 200, ...readFrames(new Uint8Array(await response.arrayBuffer())) };
}

function readFrames(bytes: Uint8Array<ArrayBuffer>): Omit<GrpcAnswer, 'httpStatus'> {
  const text = (from: number, to: number): string => new TextDecoder().decode(bytes.subarray(from, to));
  let message = '';
  let grpcStatus = '';
  for (let at = 0; at < bytes.length; ) {
    const end = at + 5 + new DataView(bytes.buffer).getUint32(at + 1);
    if (bytes[at] === 0x80) grpcStatus = /grpc-status: *(\d+)/.exec(text(at + 5, end))?.[1] ?? '';
    else message += text(at + 5, end);
    at = end;
  }
  return { grpcStatus, message };
}

/** @returns what comes back of `message`; undefined when the WebSocket does not open */
function echo(url: string, message: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = new WebSocket(url);
    socket.addEventListener('open', () => socket.send(message));
    socket.addEventListener('error', () => resolve(undefined));
    socket.addEventListener('message', ({ data }) => {
      resolve(String(data));
      socket.close();
    });
  });
}

/** @param sockets where WebSockets are taken, e.g. `ws://10.77.2.2:8081` */
async function visit(sockets: string): Promise<Visit> {
  const reads: Answer[] = [];
  for (let count = 0; count < 20; count++) reads.push(await ask(`/data/${count}`));
  return {
    reads,
    denied: await ask('/secret'),
    afterDenied: await ask('/data/after'),
    together: await Promise.all(['/data/a', '/secret', '/data/b'].map((path) => ask(path))),
    posted: await ask('/data/new', { method: 'POST', body: 'x'.repeat(200_000) }),
    deniedMethod: await ask('/data/new', { method: 'PUT', body: 'x'.repeat(1000) }),
    socket: await echo(`${sockets}/echo`, 'hello'),
    deniedSocket: await echo(`${sockets}/secret`, 'hello'),
    unary: await call('Unary', 'a message'),
    deniedCall: await call('Denied', 'a message'),
  };
}

export interface Visit {
  readonly reads: readonly Answer[];
  readonly denied: Answer;
  readonly afterDenied: Answer;
  readonly together: readonly Answer[];
  readonly posted: Answer;
  readonly deniedMethod: Answer;
  readonly socket: string | undefined;
  readonly deniedSocket: string | undefined;
  readonly unary: GrpcAnswer;
  readonly deniedCall: GrpcAnswer;
}

Object.assign(globalThis, { visit });
