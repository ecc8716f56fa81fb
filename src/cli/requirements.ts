/** What the machine and the arguments must bring before the agent touches anything. */

import { accessSync, constants, existsSync } from 'node:fs';
import type { AgentOptions } from '../agent-options.ts';

/** @throws {Error} with the first requirement that does not hold and what to do about it. */
export function checkRequirements({ policies, workloads }: Pick<AgentOptions, 'policies' | 'workloads'>): void {
  if (process.geteuid?.() !== 0) {
    throw new Error(
      '`sluice run` attaches BPF programs and opens network namespaces, which needs root; run it with sudo',
    );
  }
  if (!existsSync('/sys/kernel/btf/vmlinux')) {
    throw new Error(
      'the kernel does not describe its types (/sys/kernel/btf/vmlinux is missing), so BPF programs cannot be loaded; ' +
        'run a kernel built with CONFIG_DEBUG_INFO_BTF=y, which every current distribution ships',
    );
  }
  for (const path of policies) readable(path, '--policies');
  readable(workloads, '--workloads');
}

function readable(path: string, option: string): void {
  try {
    accessSync(path, constants.R_OK);
  } catch (error) {
    const missing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    throw new Error(`${path} ${missing ? 'does not exist' : 'cannot be read'}; give ${option} a path that can be read`);
  }
}
