/** One run of kcat, the command-line client of librdkafka. */

import type { Namespace } from '../netns/namespace.ts';

export interface KcatEnd {
  /** Null when it had not ended by the deadline and was killed. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const deadlineMs = 20_000;

/**
 * @param name - its client id, by which the flows of this run are found.
 * @param input - records to produce, one a line.
 */
export async function kcat(
  namespace: Namespace,
  bootstrap: string,
  name: string,
  args: readonly string[],
  input = '',
): Promise<KcatEnd> {
  const child = namespace.spawn('kcat', ['-b', bootstrap, '-X', `client.id=${name}`, ...args], {
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  // Whoever ends before it has read everything breaks the pipe; its exit code says more.
  child.stdin?.on('error', () => {});
  child.stdin?.end(input);
  const timer = setTimeout(() => child.kill('SIGKILL'), deadlineMs);
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject).once('close', resolve);
  });
  clearTimeout(timer);
  return { code, stdout, stderr };
}
