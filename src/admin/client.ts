/** The command line's side of the admin socket. */

import { type IncomingMessage, request } from 'node:http';
import type { AgentStatus, ReloadResult } from './agent-view.ts';
import type { FlowLine, FlowQuery } from './flow-stream.ts';
import { adminSocketPath } from './socket-path.ts';

export class AdminClient {
  readonly #path: string;
  readonly #instance: string;

  /** @param instance names the agent in messages. */
  constructor(path: string, instance: string) {
    this.#path = path;
    this.#instance = instance;
  }

  static of(instance: string): AdminClient {
    return new AdminClient(adminSocketPath(instance), instance);
  }

  async status(): Promise<AgentStatus> {
    return (await this.#json('GET', '/status')) as AgentStatus;
  }

  async policy(): Promise<unknown> {
    return this.#json('GET', '/policy');
  }

  async reload(): Promise<ReloadResult> {
    return (await this.#json('POST', '/reload')) as ReloadResult;
  }

  async metrics(): Promise<string> {
    return text(await this.#send('GET', '/metrics'));
  }

  async *flows({ last, follow }: FlowQuery): AsyncGenerator<FlowLine> {
    const response = await this.#send('GET', `/flows?last=${last}${follow ? '&follow=1' : ''}`);
    let rest = '';
    try {
      for await (const chunk of response.setEncoding('utf8')) {
        const lines = (rest + chunk).split('\n');
        rest = lines.pop() ?? '';
        for (const line of lines) yield JSON.parse(line) as FlowLine;
      }
    } catch (error) {
      if (!isAborted(error)) throw error;
      throw new Error(`the agent of the instance "${this.#instance}" ended while its flows were followed`);
    } finally {
      response.destroy();
    }
  }

  async #json(method: string, path: string): Promise<unknown> {
    return JSON.parse(await text(await this.#send(method, path)));
  }

  async #send(method: string, path: string): Promise<IncomingMessage> {
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      request({ socketPath: this.#path, method, path, agent: false }, resolve)
        .once('error', (error: NodeJS.ErrnoException) => reject(this.#explain(error)))
        .end();
    });
    if (response.statusCode === 200) return response;
    throw new Error(`the agent refused ${method} ${path}: ${(await text(response)).trim()}`);
  }

  #explain(error: NodeJS.ErrnoException): Error {
    switch (error.code) {
      case 'ENOENT':
      case 'ECONNREFUSED':
        return new Error(
          `no agent of the instance "${this.#instance}" is running (nothing answers at ${this.#path}); ` +
            'start one with `sluice run`, or name the right one with --instance',
        );
      case 'EACCES':
      case 'EPERM':
        return new Error(`${this.#path} may not be opened by this user; run the command as root`);
      default:
        return new Error(`the agent at ${this.#path} did not answer: ${error.message}`);
    }
  }
}

/** What Node's client makes of a peer that goes away in the middle of a response. */
function isAborted(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ECONNRESET';
}

async function text(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}
