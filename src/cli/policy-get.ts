/** `sluice policy get`: what the agent enforces, resolved to identities and ports. */

import { Command } from 'commander';
import { AdminClient } from '../admin/client.ts';
import { instanceOption } from './instance-option.ts';
import { printJson } from './output-option.ts';

export function policyGetCommand(): Command {
  return new Command('get')
    .description('Print the policy that the agent enforces, as JSON')
    .addOption(instanceOption())
    .action(async ({ instance }: { readonly instance: string }) => printJson(await AdminClient.of(instance).policy()));
}
