/** `sluice run`: the agent, in the foreground. */

import { availableParallelism } from 'node:os';
import { Command, InvalidArgumentError, Option } from 'commander';
import type { AgentOptions } from '../agent-options.ts';
import { createLog, type Log } from '../log.ts';
import { instanceOption } from './instance-option.ts';
import { checkRequirements } from './requirements.ts';

interface RunOptions extends AgentOptions {
  readonly logFormat: 'human' | 'json';
}

export function runCommand(): Command {
  return new Command('run')
    .description(
      'Enforce policies on workloads until stopped, in place of the agent that runs, if any; SIGTERM drains, then detaches',
    )
    .requiredOption('--policies <path...>', 'policy files, or directories of *.yaml')
    .requiredOption('--workloads <file>', 'the workloads of this node')
    .addOption(instanceOption())
    .option('--workers <count>', 'proxy worker threads', parseWorkers, availableParallelism())
    .option('--no-judge', 'send every flow with a Layer-7 rule to the proxy from its first packet on')
    .option('--leave-attached', 'on SIGTERM, leave the programs attached and enforcing', false)
    .option('--metrics <address:port>', 'serve Prometheus metrics there, as well as on the admin socket')
    .addOption(
      new Option('--log-level <level>', 'how much to log').choices(['error', 'warn', 'info', 'debug']).default('info'),
    )
    .addOption(new Option('--log-format <format>', 'form of the log').choices(['human', 'json']).default('human'))
    .action(run);
}

async function run({ logFormat, ...options }: RunOptions): Promise<void> {
  checkRequirements(options);
  const log = createLog({ level: options.logLevel, format: logFormat });
  // Loaded here and not above: the other commands work without the native addon.
  const { runAgent } = await import('../agent.ts');
  const agent = await runAgent(options, log);
  const stopped = stopOnSignal(() => agent.stop(), log);
  await agent.done;
  stopped();
}

/** The first SIGTERM or SIGINT drains; a second one ends at once and leaves the programs attached: fail closed. */
function stopOnSignal(stop: () => Promise<void>, log: Log): () => void {
  let stopping = false;
  const onSignal = (signal: NodeJS.Signals): void => {
    if (stopping) {
      log.warn(`${signal} again: ending without draining; what is attached stays attached`);
      process.exit(1);
    }
    stopping = true;
    log.info(`${signal}: draining`);
    stop().catch((error: unknown) => {
      log.error(`could not stop cleanly: ${error instanceof Error ? error.message : String(error)}`);
      process.exit(1);
    });
  };
  process.on('SIGTERM', onSignal).on('SIGINT', onSignal);
  return () => process.off('SIGTERM', onSignal).off('SIGINT', onSignal);
}

function parseWorkers(text: string): number {
  const count = Number(text);
  if (Number.isInteger(count) && count >= 1 && count <= 256) return count;
  throw new InvalidArgumentError('It is a number from 1 to 256.');
}
