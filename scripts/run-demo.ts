/** What the demos share: how they print, and what happens around them whatever happens in them. */

import { Topology } from '../test/netns/topology.ts';

export function say(text = ''): void {
  process.stdout.write(`${text}\n`);
}

/**
 * Runs `demo` in a topology of its own, which is gone afterwards; exit code 0 when all fared as expected.
 * @param command the make target, for whoever is not root
 * @param subject the subject of the last sentence
 */
export async function runDemo(
  command: string,
  subject: string,
  demo: (topology: Topology) => Promise<boolean>,
): Promise<void> {
  if (process.geteuid?.() !== 0) {
    say(`the demo makes network namespaces and loads BPF programs, which needs root: sudo make ${command}`);
    process.exit(1);
  }
  const topology = new Topology();
  try {
    const asExpected = await demo(topology);
    say(`\n${asExpected ? '' : 'NOT '}${asExpected ? subject : subject.toLowerCase()} fared as the policy says.`);
    process.exitCode = asExpected ? 0 : 1;
  } catch (error) {
    say(`\nthe demo failed: ${error instanceof Error ? error.message : String(error)}`);
    process.exitCode = 1;
  } finally {
    topology.delete();
  }
}
