/** `sluice metrics`: what Prometheus would be given. */

import { Command } from 'commander';
import { AdminClient } from '../admin/client.ts';
import { instanceOption } from './instance-option.ts';

export function metricsCommand(): Command {
  return new Command('metrics')
    .description('Print all metrics in the text format of Prometheus')
    .addOption(instanceOption())
    .action(async ({ instance }: { readonly instance: string }) => {
      process.stdout.write(await AdminClient.of(instance).metrics());
    });
}
