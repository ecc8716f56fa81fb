/**
 * Keep-alive connections that ask for all kinds of things, one after the other; runs in a namespace of its own as
 * `node mixed-client.ts BASE CONNECTIONS REQUESTS`. Writes one JSON line a request.
 */

import { Agent, type IncomingMessage, request } from 'node:http';
import type { Asked } from './mixed.ts';

const [base = '', connections = '1', requests = '1'] = process.argv.slice(2);

interface Kind {
  readonly method: string;
  readonly path: string;
  /** Bytes. */
  readonly body?: number;
  /** Of the answer, bytes. */
  readonly bytes?: number;
  /** Waits before its body, so that it comes in segments of its own. */
  readonly late?: boolean;
}

const kinds: readonly Kind[] = [
  { method: 'GET', path: '/public/a' },
  { method: 'GET', path: '/public/bytes/0', bytes: 0 },
  { method: 'POST', path: '/public/up', body: 100 },
  { method: 'GET', path: '/public/bytes/700', bytes: 700 },
  { method: 'POST', path: '/public/up', body: 5000, late: true },
  { method: 'GET', path: '/public/bytes/30000', bytes: 30_000 },
  { method: 'POST', path: '/public/up', body: 60_000 },
  { method: 'GET', path: '/public/a%20b' },
];
const denied: readonly Kind[] = [
  { method: 'GET', path: '/secret/a' },
  { method: 'POST', path: '/secret/up', body: 3000 },
  { method: 'DELETE', path: '/public/a' },
];

function ask(agent: Agent, kind: Kind, id: string): Promise<Asked> {
  const path = `${kind.path}/${id}`;
  const begun = performance.now();
  const told = { path, allowed: kinds.includes(kind) };
  return new Promise((resolve) => {
    const done = (answer: { status: number; right: boolean } | { error: string }): void =>
      resolve({ ...told, ...answer, ms: performance.now() - begun });
    const answered = (response: IncomingMessage): void => {
      let text = '';
      response.setEncoding('latin1');
      response.on('data', (part: string) => {
        text += part;
      });
      response.on('error', (error) => done({ error: error.message }));
      response.on('end', () => done({ status: response.statusCode ?? 0, right: isRight(kind, path, text) }));
    };
    const fields = kind.body === undefined ? {} : { 'content-length': kind.body };
    const sent = request(base + path, { agent, method: kind.method, headers: fields, timeout: 30_000 }, answered);
    sent.on('timeout', () => sent.destroy(new Error('timeout')));
    sent.on('error', (error: NodeJS.ErrnoException) => done({ error: error.code ?? error.message }));
    if (kind.late) sent.flushHeaders();
    if (kind.late) setImmediate(() => sent.end(Buffer.alloc(kind.body ?? 0, 0x62)));
    else sent.end(kind.body === undefined ? undefined : Buffer.alloc(kind.body, 0x62));
  });
}

function isRight({ method, bytes, body = 0 }: Kind, path: string, text: string): boolean {
  return bytes === undefined ? text === `origin ${method} ${path} ${body}\n` : text === 's'.repeat(bytes);
}

async function connection(number: number): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  for (let turn = 0; turn < Number(requests); turn++) {
    // Until its first denied request a connection is the kernel's; one in four has none, and one has an allowed one of doubt.
    const isDenied = number % 4 !== 1 && turn % 10 === number % 10;
    const of = isDenied ? denied : number % 4 === 3 ? kinds : kinds.slice(0, -1);
    const kind = of[(number + turn) % of.length];
    if (!kind) continue;
    const asked = await ask(agent, kind, `${number}.${turn}`);
    process.stdout.write(`${JSON.stringify(asked)}\n`);
  }
  agent.destroy();
}

await Promise.all(Array.from({ length: Number(connections) }, (_, number) => connection(number)));
