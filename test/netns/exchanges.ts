/**
 * 1,000 recorded exchanges, each on a connection of its own, and how either end plays its part. A part is done as soon as
 * everything has arrived that the other end sent before it, so that a script has one order of events and no clock.
 */

import { createHash } from 'node:crypto';
import type { Socket } from 'node:net';

export type End = 'client' | 'server';
export type Step = { readonly who: End; readonly send?: Buffer };
/** A step without `send` ends the direction. */
export type Script = readonly Step[];

/** What one end of an exchange saw. */
export interface Seen {
  readonly id: number;
  readonly bytes: number;
  readonly sha256: string;
  /** The other end's FIN came. */
  readonly ended: boolean;
  readonly error?: string;
}

export const exchangeCount = 1000;

/** A script that stalls is broken off, so that what was seen until then is told. */
const patienceMs = 20_000;

export function exchange(id: number): Script {
  const make = kinds[id % kinds.length];
  if (!make) throw new RangeError('no kinds of exchanges');
  return make(new Making(id));
}

/** What an exchange is made of; the same for the same `id`. */
class Making {
  readonly id: number;
  #state: number;

  constructor(id: number) {
    this.id = id;
    this.#state = (id + 1) * 0x9e3779b9;
  }

  below(bound: number): number {
    this.#state = (Math.imul(this.#state, 1664525) + 1013904223) >>> 0;
    return Math.floor((this.#state / 2 ** 32) * bound);
  }

  bytes(most: number): Buffer {
    const bytes = Buffer.alloc(this.below(most + 1));
    for (let at = 0; at < bytes.length; at++) bytes[at] = this.below(256);
    return bytes;
  }

  head(method: string, ...fields: string[]): string {
    const odd = ['X-Odd:\t a  ', 'x-utf8: \xc3\xa9', 'Cookie: a=b', 'COOKIE: c=d', 'Accept:'][this.below(8)];
    const lines = [`${method} /e/${this.id}/a%20b?q=%2F HTTP/1.1`, 'hOsT: origin', ...(odd ? [odd] : []), ...fields];
    return `${lines.join('\r\n')}\r\n\r\n`;
  }

  chunked(): Buffer {
    const parts: Buffer[] = [];
    for (let count = this.below(6); count > 0; count--) {
      const data = Buffer.concat([Buffer.from('x'), this.bytes(3000)]);
      parts.push(Buffer.from(`${'0'.repeat(this.below(3))}${data.length.toString(16)}\r\n`), data, Buffer.from('\r\n'));
    }
    parts.push(Buffer.from(`0\r\n${this.below(2) ? 'X-Trailer: 1\r\n' : ''}\r\n`));
    return Buffer.concat(parts);
  }

  request(): Buffer {
    switch (this.below(4)) {
      case 0:
        return latin1(this.head(['GET', 'DELETE', 'OPTIONS', 'PROPFIND'][this.below(4)] ?? 'GET'));
      case 1:
        return Buffer.concat([latin1(this.head('POST', 'Transfer-Encoding: chunked')), this.chunked()]);
      default: {
        const body = this.bytes(20_000);
        return Buffer.concat([latin1(this.head('PUT', `Content-Length: ${body.length}`)), body]);
      }
    }
  }

  response(): Buffer {
    switch (this.below(4)) {
      case 0:
        return latin1('HTTP/1.1 204 No Content\r\nX: y\r\n\r\n');
      case 1:
        return Buffer.concat([
          latin1('HTTP/1.1 200 OK\r\ntransfer-encoding:chunked\r\n\r\n'),
          Buffer.from(this.below(2) ? '3;ext=1\r\nabc\r\n' : ''),
          this.chunked(),
        ]);
      default: {
        const body = this.bytes(20_000);
        const status = ['200 OK', '404 Not Found', '500'][this.below(3)];
        return Buffer.concat([latin1(`HTTP/1.1 ${status}\r\nContent-Length: ${body.length}\r\n\r\n`), body]);
      }
    }
  }
}

function latin1(text: string): Buffer {
  return Buffer.from(text, 'latin1');
}

const clientEnds: Step = { who: 'client' };
const serverEnds: Step = { who: 'server' };
const client = (...parts: (Buffer | string)[]): Step => ({ who: 'client', send: joined(parts) });
const server = (...parts: (Buffer | string)[]): Step => ({ who: 'server', send: joined(parts) });

function joined(parts: readonly (Buffer | string)[]): Buffer {
  return Buffer.concat(parts.map((part) => (typeof part === 'string' ? latin1(part) : part)));
}

const kinds: readonly ((make: Making) => Script)[] = [
  // One after the other.
  (make) => [
    ...Array.from({ length: 1 + make.below(4) }, () => [client(make.request()), server(make.response())]).flat(),
    clientEnds,
    serverEnds,
  ],
  // Pipelined, and answered when all are there.
  (make) => {
    const count = 2 + make.below(5);
    const requests = Array.from({ length: count }, () => client(make.request()));
    return [...requests, ...Array.from({ length: count }, () => server(make.response())), clientEnds, serverEnds];
  },
  // In pieces.
  (make) => {
    const [request, response] = [make.request(), make.response()];
    const [one, two] = [1 + make.below(request.length - 1), 1 + make.below(response.length - 1)];
    return [
      client(request.subarray(0, one)),
      client(request.subarray(one)),
      server(response.subarray(0, two)),
      server(response.subarray(two)),
      clientEnds,
      serverEnds,
    ];
  },
  // The client ends after its request.
  (make) => [client(make.request()), clientEnds, server(make.response()), serverEnds],
  // Answers without a body of their own.
  (make) => [
    client(make.head('HEAD')),
    server('HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n'),
    client(make.head('GET', 'If-None-Match: "x"')),
    server('HTTP/1.1 304 Not Modified\r\nContent-Length: 5000\r\n\r\n'),
    clientEnds,
    serverEnds,
  ],
  // Answers that end with the connection.
  (make) => [client(make.request()), server('HTTP/1.0 200 OK\r\n\r\n', make.bytes(30_000)), serverEnds, clientEnds],
  // 100 Continue, and other interim answers.
  (make) => {
    const body = make.bytes(20_000);
    return [
      client(make.head('POST', `Content-Length: ${body.length}`, 'Expect: 100-continue')),
      server('HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: <a>\r\n\r\n'),
      client(body),
      server(make.response()),
      clientEnds,
      serverEnds,
    ];
  },
  // The whole answer before the body; the connection goes on.
  (make) => {
    const body = make.bytes(20_000);
    return [
      client(make.head('POST', `Content-Length: ${body.length}`)),
      server(make.response()),
      client(body),
      client(make.request()),
      server(make.response()),
      clientEnds,
      serverEnds,
    ];
  },
  // The server answers early and ends, while the upload goes on.
  (make) => [
    client(make.head('POST', 'Transfer-Encoding: chunked'), '3\r\nabc\r\n'),
    server('HTTP/1.1 413 Too Large\r\nConnection: close\r\nContent-Length: 2\r\n\r\nno'),
    serverEnds,
    client(make.chunked()),
    clientEnds,
  ],
  // Both at once, until the server ends.
  (make) => [
    client(make.head('POST', 'Transfer-Encoding: chunked')),
    server('HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n'),
    client('3\r\nabc\r\n'),
    server('abc'),
    client('3\r\ndef\r\n0\r\n\r\n'),
    server('def'),
    serverEnds,
    clientEnds,
  ],
  // Broken off in the middle of a body, by either end.
  (make) => [
    client(make.head('PUT', 'Content-Length: 100'), 'half'),
    clientEnds,
    server('HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n'),
    serverEnds,
  ],
  (make) => [
    client(make.request()),
    server('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf'),
    serverEnds,
    clientEnds,
  ],
  // A WebSocket's bytes.
  (make) => [
    client(make.head('GET', 'Connection: Upgrade', 'Upgrade: websocket')),
    server('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n', make.bytes(5000)),
    client('GET / no HTTP', make.bytes(20_000)),
    server(make.bytes(20_000)),
    ...(make.below(2) ? [serverEnds, client(make.bytes(5000)), clientEnds] : [clientEnds, serverEnds]),
  ],
];

/** Plays one end. @param early what arrived before the script was known */
export function play(socket: Socket, who: End, id: number, early: Buffer = Buffer.alloc(0)): Promise<Seen> {
  const script = exchange(id);
  const hash = createHash('sha256');
  let bytes = 0;
  let ended = false;
  let error: string | undefined;
  let at = 0;
  let due = 0;
  let endDue = false;
  const advance = (): void => {
    for (let step = script[at]; step; step = script[at]) {
      if (step.who !== who) {
        due += step.send?.length ?? 0;
        endDue ||= step.send === undefined;
      } else if (bytes < due || (endDue && !ended)) return;
      else if (step.send) socket.write(step.send);
      else socket.end();
      at += 1;
    }
  };
  const take = (part: Buffer): void => {
    hash.update(part);
    bytes += part.length;
    advance();
  };
  const deadline = setTimeout(() => socket.destroy(new Error('stalled')), patienceMs);
  socket.setNoDelay(true);
  socket.on('data', take);
  socket.on('error', (cause: NodeJS.ErrnoException) => {
    error = cause.code ?? cause.message;
  });
  socket.on('end', () => {
    ended = true;
    advance();
  });
  take(early);
  return new Promise((resolve) => {
    socket.on('close', () => {
      clearTimeout(deadline);
      resolve({ id, bytes, sha256: hash.digest('hex'), ended, ...(error !== undefined && { error }) });
    });
  });
}

/** What an end that did its part saw if nothing was changed on the way. */
export function expected(id: number, who: End): Seen {
  const sent = exchange(id).flatMap((step) => (step.who !== who && step.send ? [step.send] : []));
  const whole = Buffer.concat(sent);
  return { id, bytes: whole.length, sha256: createHash('sha256').update(whole).digest('hex'), ended: true };
}
