/** `--instance`, which every command that talks to an agent has. */

import { InvalidArgumentError, Option } from 'commander';

export const defaultInstance = 'sluice';

export function instanceOption(): Option {
  return new Option('--instance <name>', 'which agent, when several run on one machine')
    .default(defaultInstance)
    .argParser(parseInstance);
}

/** Nine characters leave room for `-ingress` and a suffix in the names of interfaces (IFNAMSIZ, 15 characters). */
function parseInstance(text: string): string {
  if (/^[a-z][a-z0-9-]{0,8}$/.test(text)) return text;
  throw new InvalidArgumentError(
    'It is 1 to 9 characters: a letter, then letters, digits and hyphens, all lower-case.',
  );
}
