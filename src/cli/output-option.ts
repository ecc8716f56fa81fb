/** `--json` and its longer form `-o json`, the same for every command that reads. */

import { type Command, Option } from 'commander';

export interface OutputOptions {
  readonly json?: true;
  readonly output?: 'text' | 'json';
}

export function addOutputOptions(command: Command): Command {
  return command
    .addOption(new Option('--json', 'print JSON'))
    .addOption(new Option('-o, --output <format>', 'form of the output').choices(['text', 'json']));
}

export function wantsJson({ json, output }: OutputOptions): boolean {
  return json === true || output === 'json';
}

export function printJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value, null, 2)}\n`);
}
