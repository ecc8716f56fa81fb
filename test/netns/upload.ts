/** A request whose body has begun, in the proxy. */

import type { Agent } from './agent.ts';
import { eventually } from './eventually.ts';
import type { Namespace } from './namespace.ts';

/** @returns what ends the body, and gives the response's status */
export async function upload(agent: Agent, from: Namespace, url: string): Promise<() => Promise<string>> {
  const taken = await agent.counter('takeovers_taken_over');
  const args = ['--silent', '--request', 'GET', '--upload-file', '-', '--max-time', '120'];
  const child = from.spawn('curl', [...args, '--write-out', '\n%{http_code}', url], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let said = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  child.stdin?.write('begun');
  const more = async (): Promise<true | undefined> =>
    (await agent.counter('takeovers_taken_over')) > taken || undefined;
  await eventually('the request is in the proxy', more, 60_000);
  return async () => {
    const ended = new Promise((resolve) => child.once('close', resolve));
    child.stdin?.end();
    await ended;
    return said.slice(said.lastIndexOf('\n') + 1);
  };
}
