/** `sluice observe`: flows as they happen, or the last ones, one line each. */

import { Command, InvalidArgumentError, Option } from 'commander';
import type { Verdict } from '../../proxy/record.ts';
import { AdminClient } from '../admin/client.ts';
import { limits } from '../limits.ts';
import { type FlowConditions, flowFilter } from '../observe/filter.ts';
import { flowLine } from '../observe/line.ts';
import { instanceOption } from './instance-option.ts';
import { addOutputOptions, type OutputOptions, wantsJson } from './output-option.ts';

interface ObserveOptions extends FlowConditions, OutputOptions {
  readonly instance: string;
  readonly last?: number;
  readonly follow?: true;
}

const verdicts: readonly Verdict[] = ['ALLOW', 'DENY', 'REDIRECT', 'AUDIT'];

export function observeCommand(): Command {
  const command = new Command('observe').description('Follow the flows; with --last, show the last ones and end');
  return addOutputOptions(command)
    .addOption(new Option('--verdict <verdict>', 'only these').choices(verdicts).argParser(parseVerdict))
    .option('--workload <name>', 'only flows from or to it: name or namespace/name')
    .option('--protocol <name>', 'only http, grpc, kafka, tcp, udp, icmp, icmpv6')
    .option('--http-method <method>', 'only HTTP requests with this method')
    .option('--http-path <pattern>', 'only HTTP requests whose whole target matches this RE2 pattern')
    .option('--last <count>', 'show the last flows that match, of those the agent remembers', parseCount)
    .option('-f, --follow', 'go on after --last')
    .addOption(instanceOption())
    .action(observe);
}

async function observe(options: ObserveOptions): Promise<void> {
  const matches = flowFilter(options);
  const client = AdminClient.of(options.instance);
  const form = wantsJson(options) ? JSON.stringify : flowLine;
  const { last = 0 } = options;
  const follow = options.follow === true || options.last === undefined;

  // The last N that match are only known when all that are remembered were seen.
  if (last > 0) {
    const matching: string[] = [];
    for await (const flow of client.flows({ last: limits.flowRingRecords, follow: false })) {
      if (!('lost' in flow) && matches(flow)) matching.push(form(flow));
    }
    for (const line of matching.slice(-last)) process.stdout.write(`${line}\n`);
  }
  if (!follow) return;
  for await (const flow of client.flows({ last: 0, follow })) {
    if ('lost' in flow)
      process.stderr.write(`sluice: ${flow.lost} flows were lost, this terminal is slower than the traffic\n`);
    else if (matches(flow)) process.stdout.write(`${form(flow)}\n`);
  }
}

function parseVerdict(text: string): Verdict {
  const found = verdicts.find((verdict) => verdict === text.toUpperCase());
  if (found !== undefined) return found;
  throw new InvalidArgumentError(`It is one of ${verdicts.join(', ')}.`);
}

function parseCount(text: string): number {
  const count = Number(text);
  if (Number.isInteger(count) && count >= 0) return count;
  throw new InvalidArgumentError('It is a number, 0 or more.');
}
