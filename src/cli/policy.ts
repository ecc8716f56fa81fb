/** `sluice policy …`: everything about policies; only `get` needs a running agent. */

import { Command } from 'commander';
import { policyCheckCommand } from './policy-check.ts';
import { policyGetCommand } from './policy-get.ts';

export function policyCommand(): Command {
  return new Command('policy')
    .description('Check, test and explain policies')
    .addCommand(policyCheckCommand())
    .addCommand(policyGetCommand());
}
