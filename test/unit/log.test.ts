import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLog, type LogOptions } from '../../src/log.ts';

function logged(options: Omit<LogOptions, 'write'>, use: (log: ReturnType<typeof createLog>) => void): string[] {
  const lines: string[] = [];
  use(createLog({ ...options, write: (line) => lines.push(line) }));
  return lines;
}

test('a line for a human has the time, the level, the message and the fields, and cannot be forged', () => {
  const lines = logged({ level: 'info', format: 'human' }, (log) => {
    log.with({ endpoint: 'web' }).info('attached', { interface: 'veth0', none: undefined });
    log.warn('odd name', { name: 'a\n2026 error' });
    log.debug('not shown');
  });
  assert.equal(lines.length, 2);
  assert.match(lines[0] ?? '', /^\d{4}-\d\d-\d\dT[\d:.]+Z info {2}attached endpoint=web interface=veth0\n$/);
  assert.match(lines[1] ?? '', /^\S+ warn {2}odd name name=a\\x0a2026 error\n$/);
});

test('a JSON line is one object a line', () => {
  const [line] = logged({ level: 'error', format: 'json' }, (log) => {
    log.error('lost', { count: 3 });
    log.warn('not shown');
  });
  const { time, ...rest } = JSON.parse(line ?? '') as Record<string, unknown>;
  assert.deepEqual(rest, { level: 'error', message: 'lost', count: 3 });
  assert.equal(new Date(String(time)).toISOString(), time);
});
