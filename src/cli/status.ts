/** `sluice status`: what the agent enforces, and what keeps it from more. */

import { Command } from 'commander';
import type { AgentStatus } from '../admin/agent-view.ts';
import { AdminClient } from '../admin/client.ts';
import { printable } from '../observe/printable.ts';
import { instanceOption } from './instance-option.ts';
import { addOutputOptions, type OutputOptions, printJson, wantsJson } from './output-option.ts';
import { table } from './table.ts';

export function statusCommand(): Command {
  const command = new Command('status').description('Show endpoints, workers, counters and problems of the agent');
  return addOutputOptions(command)
    .addOption(instanceOption())
    .action(async (options: OutputOptions & { readonly instance: string }) => {
      const status = await AdminClient.of(options.instance).status();
      if (wantsJson(options)) printJson(status);
      else process.stdout.write(statusText(status));
    });
}

export function statusText(status: AgentStatus): string {
  const { instance, version, pid, ready, revision, endpoints, workers, problems, counters } = status;
  return [
    `sluice ${version}, instance ${instance}, pid ${pid}: ${ready ? 'ready' : 'starting'}, policy revision ${revision}\n`,
    section(
      'Endpoints',
      ['ID', 'WORKLOAD', 'INTERFACE', 'ADDRESSES', 'ATTACHED', 'INGRESS', 'EGRESS'],
      endpoints.map((one) => [
        String(one.id),
        one.name,
        one.interface ?? '-',
        one.addresses.join(',') || '-',
        one.attached ?? 'no',
        one.ingress,
        one.egress,
      ]),
    ),
    section(
      'Workers',
      ['ID', 'CONNECTIONS', 'REQUESTS'],
      workers.map((one) => [String(one.id), String(one.connections), String(one.requests)]),
    ),
    section(
      'Counters',
      ['NAME', 'TOTAL'],
      Object.entries(counters).map(([name, total]) => [name, String(total)]),
    ),
    problems.length === 0
      ? ''
      : `\nProblems\n${problems.map(({ source, message }) => `${printable(`${source}: ${message}`)}\n`).join('')}`,
  ].join('');
}

function section(title: string, header: readonly string[], rows: readonly (readonly string[])[]): string {
  return rows.length === 0 ? '' : `\n${title}\n${table(header, rows)}`;
}
