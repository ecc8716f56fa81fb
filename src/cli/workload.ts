/** `sluice workload list`: the workloads that the agent knows, as endpoints of this node. */

import { Command } from 'commander';
import { AdminClient } from '../admin/client.ts';
import { instanceOption } from './instance-option.ts';
import { addOutputOptions, type OutputOptions, printJson, wantsJson } from './output-option.ts';
import { table } from './table.ts';

export function workloadCommand(): Command {
  const list = new Command('list').description('List the workloads of this node and their addresses');
  addOutputOptions(list)
    .addOption(instanceOption())
    .action(async (options: OutputOptions & { readonly instance: string }) => {
      const { endpoints } = await AdminClient.of(options.instance).status();
      if (wantsJson(options)) {
        printJson(endpoints);
        return;
      }
      const rows = endpoints.map((one) => [one.name, one.interface ?? '-', one.addresses.join(',') || '-']);
      process.stdout.write(table(['WORKLOAD', 'INTERFACE', 'ADDRESSES'], rows));
    });
  return new Command('workload').description('What policies are applied to').addCommand(list);
}
