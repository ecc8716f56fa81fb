/** How nghttp2, inside Node's HTTP/2 server, reads header blocks. */

import { once } from 'node:events';
import http2 from 'node:http2';
import net, { type AddressInfo } from 'node:net';
import { errorCode, flag, frameHeadBytes, frameType, payloadLength, preface } from '../../proxy/http2/frames.ts';

export interface Reading {
  /** Requests that the server saw, by the number of their block: names and values in turn. */
  readonly requests: ReadonlyMap<number, readonly string[]>;
  /** The connection ended with COMPRESSION_ERROR. */
  readonly broken: boolean;
}

export class Nghttp2 {
  readonly #server = http2.createServer({ maxHeaderListPairs: 1024, maxSessionInvalidFrames: 1_000_000 });
  #requests = new Map<number, readonly string[]>();

  async start(): Promise<void> {
    this.#server.on('stream', (stream, _headers, _flags, raw) => {
      this.#requests.set(((stream.id ?? 1) - 1) / 2, raw);
      stream.on('error', () => {});
      stream.close();
    });
    this.#server.on('sessionError', () => {});
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
  }

  async stop(): Promise<void> {
    this.#server.close();
    await once(this.#server, 'close');
  }

  /** Sends the blocks as requests of one connection, block `n` on stream `2n + 1`. */
  async read(blocks: readonly Buffer[]): Promise<Reading> {
    this.#requests = new Map();
    const socket = net.connect((this.#server.address() as AddressInfo).port, '127.0.0.1');
    socket.setNoDelay(true);
    const frames = blocks.map((block, at) =>
      rawFrame(frameType.headers, flag.endStream | flag.endHeaders, at * 2 + 1, block),
    );
    socket.write(
      Buffer.concat([
        preface,
        rawFrame(frameType.settings, 0, 0),
        ...frames,
        rawFrame(frameType.ping, 0, 0, Buffer.alloc(8)),
      ]),
    );
    const broken = await answerOf(socket);
    socket.destroy();
    return { requests: this.#requests, broken };
  }
}

/** Resolves with the answer to the PING (false) or with the end of the connection (true for COMPRESSION_ERROR). */
function answerOf(socket: net.Socket): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  let got: Buffer = Buffer.alloc(0);
  socket.on('data', (bytes) => {
    got = Buffer.concat([got, bytes]);
    while (got.length >= frameHeadBytes && got.length >= frameHeadBytes + payloadLength(got, 0)) {
      const length = payloadLength(got, 0);
      if (got[3] === frameType.goAway) resolve(got.readUInt32BE(frameHeadBytes + 4) === errorCode.compression);
      if (got[3] === frameType.ping) resolve(false);
      got = got.subarray(frameHeadBytes + length);
    }
  });
  socket.on('error', () => resolve(false));
  socket.on('close', () => resolve(false));
  return promise;
}

function rawFrame(type: number, flags: number, stream: number, payload: Buffer = Buffer.alloc(0)): Buffer {
  const head = Buffer.alloc(frameHeadBytes);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}
