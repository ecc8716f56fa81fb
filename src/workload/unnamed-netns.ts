/** Network namespaces without a name, as container engines make them; the processes in them are the only way there. */

import { readdirSync, readlinkSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { limits } from '../limits.ts';
import { type IpLink, linksOfProcess } from './links.ts';

const namedDirectory = '/run/netns';

/** Links of each of them, where this process can see into it; this process's own and named ones are left out. */
export async function linksOfUnnamed(): Promise<readonly (readonly IpLink[])[]> {
  const pids = [...processesByNetns().values()];
  const found: (readonly IpLink[])[] = [];
  for (let from = 0; from < pids.length; from += limits.locateAtOnce) {
    const some = pids.slice(from, from + limits.locateAtOnce);
    found.push(...(await Promise.all(some.map((pid) => linksOfProcess(pid).catch(() => [])))));
  }
  return found;
}

/** One process of each, by what the kernel calls the namespace, e.g. `net:[4026531840]`. */
function processesByNetns(): ReadonlyMap<string, number> {
  const known = new Set([netnsOf('self'), ...namedNetns()]);
  const found = new Map<string, number>();
  for (const pid of readdirSync('/proc').filter((name) => /^[0-9]+$/.test(name))) {
    const netns = netnsOf(pid);
    if (netns !== undefined && !known.has(netns)) found.set(netns, Number(pid));
  }
  return found;
}

function namedNetns(): string[] {
  try {
    return readdirSync(namedDirectory).map((name) => `net:[${statSync(join(namedDirectory, name)).ino}]`);
  } catch {
    return []; // no name was ever given, or one was taken away just now: its namespace then only costs a look
  }
}

function netnsOf(process: string): string | undefined {
  try {
    return readlinkSync(`/proc/${process}/ns/net`);
  } catch {
    return undefined; // it ended, or is not ours to look at
  }
}
