/**
 * What the agent says about itself: one line an event, for a human or as JSON. Traffic is not logged here; it is in the
 * flows (src/observe) and in the metrics.
 */

import { printable } from './observe/printable.ts';

const levels = ['error', 'warn', 'info', 'debug'] as const;
export type LogLevel = (typeof levels)[number];
export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>;

export interface Log {
  error(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  debug(message: string, fields?: LogFields): void;
  /** The same log, every line of which also carries `fields`. */
  with(fields: LogFields): Log;
}

export interface LogOptions {
  readonly level: LogLevel;
  readonly format: 'human' | 'json';
  /** Gets whole lines, each with its line feed. Absent: standard error. */
  readonly write?: (line: string) => void;
}

export function createLog(options: LogOptions): Log {
  return logWith({ ...options, write: options.write ?? ((line) => process.stderr.write(line)) }, {});
}

function logWith(options: Required<LogOptions>, base: LogFields): Log {
  const threshold = levels.indexOf(options.level);
  const format = options.format === 'json' ? jsonLine : humanLine;
  const at =
    (level: LogLevel) =>
    (message: string, fields?: LogFields): void => {
      if (levels.indexOf(level) > threshold) return;
      options.write(format(level, message, { ...base, ...fields }));
    };
  return {
    error: at('error'),
    warn: at('warn'),
    info: at('info'),
    debug: at('debug'),
    with: (fields) => logWith(options, { ...base, ...fields }),
  };
}

function jsonLine(level: LogLevel, message: string, fields: LogFields): string {
  return `${JSON.stringify({ time: new Date().toISOString(), level, message, ...fields })}\n`;
}

function humanLine(level: LogLevel, message: string, fields: LogFields): string {
  const pairs = Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => ` ${name}=${printable(String(value))}`);
  return `${new Date().toISOString()} ${level.padEnd(5)} ${message}${pairs.join('')}\n`;
}
