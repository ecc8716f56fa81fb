/** One request by a real client. */

import type { Namespace } from './namespace.ts';

export interface Answer {
  /** Exit code of curl: 0 answered, 7 refused, 28 timed out, 52 empty reply, 56 reset. */
  readonly exit: number | null;
  /** 0 when no response came. */
  readonly status: number;
  readonly body: string;
  /** Of the connection. */
  readonly localPort: number;
}

const marker = '\n--curl--';

export async function curl(namespace: Namespace, url: string, ...args: string[]): Promise<Answer> {
  const { code, stdout } = await namespace.run(
    'curl',
    '--silent',
    '--globoff',
    '--noproxy',
    '*',
    '--max-time',
    '10',
    '--path-as-is',
    '--write-out',
    `${marker}%{http_code} %{local_port}`,
    ...args,
    url,
  );
  const at = stdout.lastIndexOf(marker);
  const [status, localPort] = stdout
    .slice(at + marker.length)
    .split(' ')
    .map(Number);
  return { exit: code, status: status ?? 0, body: stdout.slice(0, at), localPort: localPort ?? 0 };
}
