/** `make demo` tells its story, and leaves nothing behind, also when it is interrupted in the middle. */

import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { eventually } from './eventually.ts';
import { runName } from './namespace.ts';

const script = fileURLToPath(new URL('../../scripts/demo.ts', import.meta.url));

function demo(): { child: ChildProcess; out: () => string; ended: Promise<number | null> } {
  const child = spawn(process.execPath, [script], { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  const ended = new Promise<number | null>((resolve) => child.once('close', (code) => resolve(code)));
  return { child, out: () => text, ended };
}

/** Namespaces, pins, run directories and processes that carry the name of a run of this process. */
function leftovers(child: ChildProcess): string[] {
  assert.ok(child.pid);
  const name = runName(child.pid);
  const files = ['/run/netns', '/sys/fs/bpf', '/run'].flatMap((directory) =>
    existsSync(directory) ? readdirSync(directory).filter((file) => file.startsWith(name)) : [],
  );
  const processes = execFileSync('ps', ['-eo', 'args'], { encoding: 'utf8' })
    .split('\n')
    .filter((args) => args.includes(`--instance ${name}`) || args.includes(`/run/netns/${name}`));
  return [...files, ...processes];
}

test('the demo ends with 0 and shows allows and denies, twice', async () => {
  for (let round = 0; round < 2; round++) {
    const { child, out, ended } = demo();
    assert.equal(await ended, 0, out());
    assert.match(out(), /frontend +GET \/image\/42 +ALLOW +200/);
    assert.match(out(), /frontend +PUT \/image\/42 +DENY +403/);
    assert.deepEqual(leftovers(child), []);
  }
});

for (const moment of ['Three workloads', 'The policy', 'The agent: sluice run']) {
  test(`interrupted after "${moment}", nothing is left behind`, async () => {
    const { child, out, ended } = demo();
    await eventually(`the demo says ${moment}`, () => out().includes(moment) || undefined);
    child.kill('SIGINT');
    assert.notEqual(await ended, 0);
    await eventually('its processes are gone', () => leftovers(child).length === 0 || undefined);
  });
}
