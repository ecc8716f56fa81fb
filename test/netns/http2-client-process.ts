/** What http2-client.ts runs in the namespace. Arguments: client, base. */

import { type ClientHttp2Session, connect } from 'node:http2';
import { Readable } from 'node:stream';
import { H2CClient } from 'undici';
import type { Ask, Reply } from './http2-client.ts';

type Asker = (ask: Ask) => Promise<Reply>;

const patienceMs = 20_000;
const shownBytes = 200;

function body(size: number): Readable {
  const chunk = Buffer.alloc(64 * 1024, 0x75);
  function* chunks(): Generator<Buffer> {
    for (let left = size; left > 0; left -= chunk.length) yield left >= chunk.length ? chunk : chunk.subarray(0, left);
  }
  return Readable.from(chunks());
}

/** Reads to the end and keeps the start. */
async function readAll(from: AsyncIterable<unknown>): Promise<{ received: number; text: string }> {
  let received = 0;
  let text = '';
  for await (const part of from) {
    const buffer = part as Buffer;
    received += buffer.length;
    if (text.length < shownBytes) text += buffer.toString('latin1', 0, shownBytes - text.length);
  }
  return { received, text };
}

/** Node leaves out the brackets of an IPv6 address, and so names no host that RFC 3986 knows; they are given to it. */
function nodeAsker(session: ClientHttp2Session, authority: string): Asker {
  const offered = new Promise((resolve) => session.once('remoteSettings', resolve));
  return async ({ method, path, upload, echo }) => {
    await offered;
    const stream = session.request(
      {
        ':method': method,
        ':path': path,
        ':authority': authority,
        ...(echo !== undefined && { ':protocol': 'websocket' }),
      },
      { endStream: upload === undefined && echo === undefined },
    );
    stream.setTimeout(patienceMs, () => stream.destroy(new Error('no answer')));
    let status = 0;
    let type = '';
    stream.on('response', (head) => {
      status = Number(head[':status']);
      type = String(head['content-type'] ?? '');
    });
    if (upload !== undefined) body(upload).pipe(stream);
    // An end of the request before the answer would be no WebSocket any more.
    if (echo !== undefined) stream.once('response', () => stream.end(echo));
    try {
      return { ...(await readAll(stream)), status, type, localPort: session.socket.localPort ?? 0 };
    } catch (error) {
      return { received: 0, text: '', status, type, localPort: 0, error: String(error) };
    }
  };
}

function undiciAsker(client: H2CClient): Asker {
  return async ({ method, path, upload }) => {
    try {
      const {
        statusCode,
        headers,
        body: answer,
      } = await client.request({
        method,
        path,
        ...(upload !== undefined && { body: body(upload) }),
      });
      const type = String(headers['content-type'] ?? '');
      return { ...(await readAll(answer)), status: statusCode, type, localPort: 0 };
    } catch (error) {
      return { received: 0, text: '', status: 0, type: '', localPort: 0, error: String(error) };
    }
  };
}

const [kind, base = ''] = process.argv.slice(2);

function nodeSession(): ClientHttp2Session {
  const session = connect(base, { settings: { enablePush: false, initialWindowSize: 1024 * 1024 } });
  session.on('error', () => {});
  session.on('connect', () => session.setLocalWindowSize(4 * 1024 * 1024));
  return session;
}

const ask =
  kind === 'undici'
    ? undiciAsker(new H2CClient(base, { pipelining: 100, maxConcurrentStreams: 100, bodyTimeout: patienceMs }))
    : nodeAsker(nodeSession(), new URL(base).host);

process.on('message', ({ id, ask: wanted }: { id: number; ask: Ask }) => {
  void ask(wanted).then((reply) => process.send?.({ id, reply }));
});
