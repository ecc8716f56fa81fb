/** All commands, in the order in which the help shows them. Nouns read; verbs change. */

import { Command } from 'commander';
import { checkCommand } from './check.ts';
import { metricsCommand } from './metrics.ts';
import { observeCommand } from './observe.ts';
import { policyCommand } from './policy.ts';
import { reloadCommand } from './reload.ts';
import { runCommand } from './run.ts';
import { statusCommand } from './status.ts';
import { version } from './version.ts';
import { workloadCommand } from './workload.ts';

export function program(): Command {
  const root = new Command('sluice')
    .description('Node-local, sidecarless, Layer-7 aware firewall and proxy for Linux.')
    .version(version(), '-V, --version', 'Print the version')
    .showHelpAfterError('(sluice --help shows how it is used)');
  root.addCommand(runCommand());
  root.addCommand(statusCommand());
  root.addCommand(observeCommand());
  root.addCommand(policyCommand());
  root.addCommand(workloadCommand());
  root.addCommand(reloadCommand());
  root.addCommand(metricsCommand());
  root.addCommand(checkCommand());
  root
    .command('version')
    .description('Print the version')
    .action(() => {
      process.stdout.write(`${version()}\n`);
    });
  throwInsteadOfExit(root);
  return root;
}

/** So that main.ts alone decides the exit code; a subcommand does not inherit it. */
function throwInsteadOfExit(command: Command): void {
  command.exitOverride();
  for (const child of command.commands) throwInsteadOfExit(child);
}
