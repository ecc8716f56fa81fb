/** `sluice reload`: the watched files are read again without waiting for the watcher. */

import { Command } from 'commander';
import { AdminClient } from '../admin/client.ts';
import { instanceOption } from './instance-option.ts';

export function reloadCommand(): Command {
  return new Command('reload')
    .description('Read policies and workloads again, now')
    .addOption(instanceOption())
    .action(async ({ instance }: { readonly instance: string }) => {
      const { revision, problems } = await AdminClient.of(instance).reload();
      if (problems.length > 0) {
        const causes = problems.map(({ source, message }) => `${source}: ${message}`).join('\n');
        throw new Error(`what was in force stays in force (revision ${revision}), because\n${causes}`);
      }
      process.stdout.write(`policy revision ${revision} is in force\n`);
    });
}
