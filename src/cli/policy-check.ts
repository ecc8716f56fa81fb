/** `sluice policy check`: what the agent would say to these files, without one. */

import { Command } from 'commander';
import { printable } from '../observe/printable.ts';
import { policyHints } from '../policy/hints.ts';
import { formatDiagnostic, loadPolicies, type PolicyDiagnostic } from '../policy/load.ts';
import { addOutputOptions, type OutputOptions, printJson, wantsJson } from './output-option.ts';

export function policyCheckCommand(): Command {
  const command = new Command('check')
    .description('Check policy files: errors, which end with 1, and hints, each with its place')
    .argument('<path...>', 'policy files, or directories of *.yaml');
  return addOutputOptions(command).action(check);
}

function check(paths: readonly string[], options: OutputOptions): void {
  const { policies, diagnostics: found } = loadPolicies(paths);
  const diagnostics = [...found, ...policyHints(policies)];
  if (wantsJson(options)) {
    const checked = policies.map(({ kind, namespace, name, file, audit }) => ({ kind, namespace, name, file, audit }));
    printJson({ policies: checked, diagnostics });
  } else {
    for (const diagnostic of diagnostics) process.stdout.write(`${printable(line(diagnostic))}\n`);
  }
  const errors = diagnostics.filter(({ severity }) => severity === 'error').length;
  if (errors > 0) throw new Error(`${count(errors, 'error')}; the agent would keep the policies that are in force`);
  if (wantsJson(options)) return;
  const hints = diagnostics.length === 0 ? '' : `, ${count(diagnostics.length, 'hint')}`;
  process.stdout.write(`${count(policies.length, 'policy', 'policies')}${hints}, no error\n`);
}

function line(diagnostic: PolicyDiagnostic): string {
  const word = diagnostic.severity === 'hint' ? 'hint: ' : '';
  return formatDiagnostic({ ...diagnostic, message: word + diagnostic.message });
}

function count(number: number, one: string, many = `${one}s`): string {
  return `${number} ${number === 1 ? one : many}`;
}
