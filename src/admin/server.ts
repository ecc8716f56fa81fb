/**
 * The agent's door for its own command line: HTTP/1.1 with JSON over a unix socket that only root and its group may open (mode 0660).
 *
 *     GET /status · GET /policy · GET /metrics · GET /flows?last=N&follow=1 · POST /reload
 */

import { chmodSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { dirname } from 'node:path';
import type { Log } from '../log.ts';
import { exposition, expositionContentType } from '../metrics/exposition.ts';
import type { AgentView } from './agent-view.ts';
import { streamFlows } from './flow-stream.ts';

export interface AdminServer {
  /** Leaves the path: another may listen there by now. */
  close(): Promise<void>;
}

/**
 * Listens at `path`, in place of whoever did: there is no moment in which nobody does.
 * @throws {Error} when the directory can't be written.
 */
export async function startAdmin(path: string, view: AgentView, log: Log): Promise<AdminServer> {
  mkdirSync(dirname(path), { recursive: true, mode: 0o755 });
  const own = `${path}.${process.pid}`;
  rmSync(own, { force: true });

  const server = createServer((request, response) => {
    answer(view, request, response).catch((error: unknown) => {
      log.error('the admin socket failed to answer', { url: request.url, error: String(error) });
      if (response.headersSent) response.destroy();
      else sendJson(response, 500, { error: error instanceof Error ? error.message : String(error) });
    });
  });
  const mask = process.umask(0o117);
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(own, resolve);
    });
  } finally {
    process.umask(mask);
  }
  chmodSync(own, 0o660);
  renameSync(own, path);

  return {
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function answer(view: AgentView, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://admin');
  switch (`${request.method} ${url.pathname}`) {
    case 'GET /status':
      return sendJson(response, 200, view.status());
    case 'GET /policy':
      return sendJson(response, 200, view.policy());
    case 'GET /metrics':
      response.writeHead(200, { 'content-type': expositionContentType });
      response.end(exposition(await view.metrics()));
      return;
    case 'GET /flows': {
      const last = Number(url.searchParams.get('last') ?? '0');
      if (!Number.isInteger(last) || last < 0) return sendJson(response, 400, { error: 'last must be a number ≥ 0' });
      return streamFlows(view, { last, follow: url.searchParams.get('follow') === '1' }, response);
    }
    case 'POST /reload':
      return sendJson(response, 200, await view.reload());
    default:
      return sendJson(response, 404, { error: `there is no ${request.method} ${url.pathname}` });
  }
}

function sendJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(`${JSON.stringify(body)}\n`);
}
