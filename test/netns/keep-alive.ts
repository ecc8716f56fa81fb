/** A client that keeps one connection open, in a station. */

import type { ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Namespace } from './namespace.ts';

const script = fileURLToPath(new URL('keep-alive-client.ts', import.meta.url));

export class KeepAlive implements Disposable {
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  static async connect(namespace: Namespace, address: string, port: number): Promise<KeepAlive> {
    const client = new KeepAlive(
      namespace.spawn(process.execPath, [script, address, String(port)], {
        stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      }),
    );
    const said = await client.#next();
    if (said !== 'connected') throw new Error(`no connection: ${said}`);
    return client;
  }

  /** Sends these bytes as they are. @returns the response, head and body; or the code of the error that came instead */
  async ask(text: string): Promise<string> {
    const answer = this.#next();
    this.#child.send(text);
    return answer;
  }

  /** More of what is not answered yet. */
  send(text: string): void {
    this.#child.send(text);
  }

  /** @returns the status, or the error's code */
  async status(text: string): Promise<string> {
    return (await this.ask(text)).split(' ', 2)[1] ?? 'no response';
  }

  [Symbol.dispose](): void {
    this.#child.kill();
  }

  #next(): Promise<string> {
    return new Promise((resolve, reject) => {
      const gone = (): void => reject(new Error('the client ended'));
      this.#child.once('exit', gone);
      this.#child.once('message', (text: string) => {
        this.#child.off('exit', gone);
        resolve(text);
      });
    });
  }
}

export function get(path: string): string {
  return `GET ${path} HTTP/1.1\r\nHost: origin\r\n\r\n`;
}

/** Allowed where GET and POST are, and nothing that the kernel judges. */
export function chunked(path: string): string {
  return `POST ${path} HTTP/1.1\r\nHost: origin\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n`;
}
