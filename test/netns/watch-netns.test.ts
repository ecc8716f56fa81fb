/** The watcher sees what the workloads' namespaces do, and leaves no process behind however it ends. */

import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { eventually } from './eventually.ts';
import { Namespace } from './namespace.ts';
import { topologyOf } from './scene.ts';

const watchModule = fileURLToPath(new URL('../../src/workload/watch.ts', import.meta.url));
/** Prints a dot a call; closes, and lives on, when it is told to. */
const script = `
  import { watchNetns } from ${JSON.stringify(watchModule)};
  const watcher = watchNetns(() => process.stdout.write('.'));
  process.stdin.once('data', () => watcher.close());
  process.stdin.once('end', () => process.exit());`;

/** Processes below this one, at any depth. */
function descendants(pid: number): number[] {
  const parents = readdirSync('/proc').flatMap((name): [number, number][] => {
    if (!/^\d+$/.test(name) || !existsSync(`/proc/${name}/stat`)) return [];
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
      return [[Number(name), Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1])]];
    } catch {
      return []; // it ended meanwhile
    }
  });
  const below = (parent: number): number[] =>
    parents.flatMap(([child, of]) => (of === parent ? [child, ...below(child)] : []));
  return below(pid);
}

for (const end of ['close', 'SIGKILL'] as const) {
  test(`changes are told; after ${end} no process is left`, async (t) => {
    const topology = topologyOf(t);
    const web = topology.routed('web');
    const child = topology.host.spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    let calls = 0;
    child.stdout?.on('data', (dots: Buffer) => {
      calls += dots.length;
    });
    const processes = await eventually('ip monitor runs', () => {
      const found = descendants(child.pid ?? 0);
      return found.length === 2 ? found : undefined;
    });
    // The calls of the start: one at once, none more once all is quiet.
    await eventually('the first call', () => calls > 0 || undefined);
    const told = async (what: string, change: () => void): Promise<void> => {
      const before = calls;
      change();
      await eventually(what, () => calls > before || undefined);
    };
    await told('an address in a workload', () => web.namespace.ip(...'address add 10.77.1.9/32 dev eth0'.split(' ')));
    await told('a link of the host', () => topology.host.ip(...'link add br9 type bridge'.split(' ')));
    await told('a new namespace', () => {
      const made = Namespace.create('new');
      t.after(() => made.delete());
    });
    if (end === 'close') child.stdin?.write('\n');
    else child.kill('SIGKILL');
    await eventually('its processes ended', () => processes.every((pid) => !existsSync(`/proc/${pid}`)) || undefined);
    if (end === 'close') assert.equal(child.exitCode, null, 'the process itself goes on');
    child.kill('SIGKILL');
  });
}
