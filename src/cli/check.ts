/** `sluice check`: whether this machine can do what Sluice asks of it. */

import { Command } from 'commander';
import { printable } from '../observe/printable.ts';
import { type Feature, probeMachine } from './machine.ts';
import { addOutputOptions, type OutputOptions, printJson, wantsJson } from './output-option.ts';

export function checkCommand(): Command {
  const command = new Command('check').description('Try what Sluice asks of the kernel and the system, with hints');
  return addOutputOptions(command).action(async (options: OutputOptions) => {
    const features = await probeMachine();
    if (wantsJson(options)) printJson(features);
    else process.stdout.write(checkText(features));
    const needed = features.filter(({ required, state }) => required && state !== 'present');
    if (needed.length === 0) return;
    const missing = needed.filter(({ state }) => state === 'missing').map(({ name }) => name);
    const untried = needed.length > missing.length ? `; ${needed.length - missing.length} more could not be tried` : '';
    throw new Error(
      `this machine lacks what \`sluice run\` needs: ${missing.join(', ')}${untried}; the hints say what to do`,
    );
  });
}

const marks = { present: '✓', missing: '✗', unknown: '?' } as const;

export function checkText(features: readonly Feature[]): string {
  return features
    .map(({ name, state, required, found, hint }) => {
      const what = [name, found === undefined ? '' : ` (${printable(found)})`].join('');
      const rest = hint === undefined ? '' : `: ${required ? '' : 'optional; '}${hint}`;
      return `${marks[state]} ${what}${rest}\n`;
    })
    .join('');
}
