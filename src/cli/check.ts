/** `sluice check`: whether this kernel can do what the agent needs, each feature with what to do when it can't. */

import { Command } from 'commander';

export function checkCommand(): Command {
  return new Command('check')
    .alias('probe')
    .description('Check that this kernel has what the agent needs')
    .action(() => undefined);
}
