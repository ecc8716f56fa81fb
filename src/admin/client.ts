/** The command line's side of the admin socket. */

import { type IncomingMessage, request } from 'node:http';
import { createInterface } from 'node:readline';
import type { AgentStatus, ReloadResult } from './agent-view.ts';
import type { FlowLine, FlowQuery } from './flow-stream.ts';
import { adminSocketPath } from './socket-path.ts';

export class AdminClient {
  readonly #path: string;
  readonly #instance: string;

  constructor(instance: string) {
    this.#instance = instance;
    this.#path = adminSocketPath(instance);
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
    for await (const line of createInterface({ input: response })) yield JSON.parse(line) as FlowLine;
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

async function text(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}
