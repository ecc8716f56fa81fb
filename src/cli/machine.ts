/** What the machine must bring, each found by trying it. Nothing of it is changed. */

import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, readFileSync } from 'node:fs';
import { release } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface Feature {
  readonly name: string;
  /** `unknown`: cannot be tried, because something above it is missing. */
  readonly state: 'present' | 'missing' | 'unknown';
  /** False: Sluice works without it, with less; the hint says with how much less. */
  readonly required: boolean;
  /** What was found. */
  readonly found?: string;
  /** What to do; only where it is not present. */
  readonly hint?: string;
}

type Native = typeof import('../../native/index.ts');

/** False, or with the kernel's error: it is missing. */
type Answer = boolean | { readonly found: string } | { readonly error: string };

interface Wanted<Tools extends unknown[]> {
  readonly name: string;
  readonly optional?: true;
  readonly hint: string;
  readonly probe: (...tools: Tools) => Answer;
}

const object = fileURLToPath(new URL('../../build/sluice.bpf.o', import.meta.url));

/** In the order in which a reader should look at them: what comes first is a cause of what comes later. */
export async function probeMachine(): Promise<readonly Feature[]> {
  const system = ofTheSystem.map((wanted) => answered(wanted, wanted.probe()));
  const isRoot = system.some(({ name, state }) => name === 'root' && state === 'present');
  const native = await loadNative();
  const addon = answered({ name: 'native addon', hint: 'build it: make build' }, native !== undefined);
  const kernel = ofTheKernel.map((wanted) =>
    native && isRoot ? answered(wanted, wanted.probe(native)) : untried(wanted),
  );
  return [...system, addon, ...kernel];
}

async function loadNative(): Promise<Native | undefined> {
  try {
    return await import('../../native/index.ts');
  } catch {
    return undefined;
  }
}

const distribution = 'which the kernels of current distributions have';

const ofTheSystem: readonly Wanted<[]>[] = [
  {
    name: 'kernel 6.2',
    hint: 'run kernel 6.2 or newer: the programs read the state of a checksum by bpf_cast_to_kern_ctx',
    probe: kernelVersion,
  },
  { name: 'root', hint: 'run as root, e.g. by sudo; in a container with all capabilities', probe: rootOfTheMachine },
  {
    name: 'BTF',
    hint: `run a kernel built with CONFIG_DEBUG_INFO_BTF=y, ${distribution}`,
    probe: () => existsSync('/sys/kernel/btf/vmlinux'),
  },
  {
    name: 'BPF filesystem',
    hint: `run a kernel built with CONFIG_BPF_SYSCALL=y, ${distribution}, and mount sysfs at /sys`,
    probe: () => /\tbpf$/m.test(readFileSync('/proc/filesystems', 'utf8')) && existsSync('/sys/fs/bpf'),
  },
  {
    name: 'BPF JIT compiler',
    optional: true,
    hint: 'programs are interpreted, several times slower; turn it on: sysctl net.core.bpf_jit_enable=1',
    probe: () => {
      const setting = '/proc/sys/net/core/bpf_jit_enable';
      return existsSync(setting) && readFileSync(setting, 'utf8').trim() !== '0';
    },
  },
  { name: 'command ip', hint: 'install iproute2', probe: () => isCommand('ip') },
  {
    name: 'command nsenter',
    optional: true,
    hint: 'addresses of workloads given by `interface` are found in namespaces with a name only; install util-linux',
    probe: () => isCommand('nsenter'),
  },
  { name: 'command sysctl', hint: 'install procps', probe: () => isCommand('sysctl') },
];

const ofTheKernel: readonly Wanted<[Native]>[] = [
  {
    name: 'network namespaces',
    hint: `${kernel('CONFIG_NET_NS=y')}; in a container, give it CAP_SYS_ADMIN`,
    probe: (native) => supported(native.probeHost('netns')),
  },
  {
    name: 'macvlan interfaces',
    hint: `${kernel('CONFIG_MACVLAN')}; it may be a module: modprobe macvlan`,
    probe: macvlan,
  },
  {
    name: 'programs at interfaces',
    hint: `${kernel('CONFIG_NET_SCH_INGRESS')}; it may be a module: modprobe sch_ingress`,
    probe: (native) => {
      if (native.probeHost('tcx') === undefined) return { found: 'tcx' };
      const unsupported = native.probeHost('clsact');
      return unsupported === undefined ? { found: 'clsact' } : { error: unsupported };
    },
  },
  {
    name: 'links at interfaces (tcx)',
    optional: true,
    hint: 'kernel 6.6 brings them; until then enforcement does not go on without an agent',
    probe: (native) => supported(native.probeHost('tcx')),
  },
  {
    name: 'socket lookup (sk_lookup)',
    hint: kernel('CONFIG_NET=y, CONFIG_BPF_SYSCALL=y and CONFIG_INET=y'),
    probe: (native) => supported(native.probeProgram('sk_lookup')),
  },
  {
    name: 'map of sockets (sockmap)',
    hint: kernel('CONFIG_BPF_STREAM_PARSER=y'),
    probe: (native) => supported(native.probeMap('sockmap')),
  },
  { name: 'ring buffer', hint: 'run kernel 5.8 or newer', probe: (native) => supported(native.probeMap('ringbuf')) },
  { name: 'prefix map in a map', hint: 'run kernel 5.15 or newer', probe: prefixMapInMap },
  {
    name: 'walk of a map (bpf_for_each_map_elem)',
    hint: 'run kernel 5.13 or newer',
    probe: (native) => supported(native.probeHelper('for_each_map_elem')),
  },
  {
    name: 'loops (bpf_loop)',
    hint: 'run kernel 5.17 or newer',
    probe: (native) => supported(native.probeHelper('loop')),
  },
  {
    name: 'transparent sockets, IPv4',
    hint: kernel('CONFIG_INET=y'),
    probe: (native) => supported(native.probeHost('ip_transparent')),
  },
  {
    name: 'transparent sockets, IPv6',
    hint: `${kernel('CONFIG_IPV6')}, and boot it without ipv6.disable=1`,
    probe: (native) => supported(native.probeHost('ipv6_transparent')),
  },
  {
    name: 'takeover of connections (TCP_REPAIR)',
    optional: true,
    hint: 'connections that are open when a rule comes into force cannot be taken over; run a kernel with TCP_REPAIR',
    probe: (native) => supported(native.probeHost('tcp_repair')),
  },
  {
    name: "Sluice's own programs",
    hint: existsSync(object) ? 'the kernel refuses them; report it with the kernel version' : 'build them: make build',
    probe: loadObject,
  },
];

type Named = Pick<Wanted<[]>, 'name' | 'optional' | 'hint'>;

function answered({ name, optional, hint }: Named, answer: Answer): Feature {
  const feature = { name, required: !optional };
  if (answer === true) return { ...feature, state: 'present' };
  if (answer === false) return { ...feature, state: 'missing', hint };
  if ('found' in answer) return { ...feature, state: 'present', found: answer.found };
  return { ...feature, state: 'missing', found: answer.error, hint };
}

function untried({ name, optional }: Named): Feature {
  return { name, state: 'unknown', required: !optional, hint: 'only root can try it, with the native addon' };
}

function kernel(option: string): string {
  return `run a kernel built with ${option}`;
}

function supported(unsupported: string | undefined): Answer {
  return unsupported === undefined ? true : { error: unsupported };
}

function kernelVersion(): Answer {
  const [major = 0, minor = 0] = release().split('.').map(Number);
  const isNew = major > 6 || (major === 6 && minor >= 2);
  return isNew ? { found: release() } : { error: release() };
}

/** Root of the machine: one of a user namespace has all capabilities there, and none that count here. */
function rootOfTheMachine(): Answer {
  if (process.geteuid?.() !== 0) return { error: `user ${process.geteuid?.()}` };
  const map = readFileSync('/proc/self/uid_map', 'utf8').trim().split(/\s+/).join(' ');
  if (map !== '0 0 4294967295') return { error: 'root of a user namespace' };
  const effective = BigInt(
    `0x${/^CapEff:\t([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '0'}`,
  );
  const absent = Object.entries(capabilities).filter(([, bit]) => (effective & (1n << bit)) === 0n);
  return absent.length === 0 || { error: `without ${absent.map(([name]) => name).join(', ')}` };
}

/** Numbers of include/uapi/linux/capability.h. */
const capabilities = { CAP_NET_ADMIN: 12n, CAP_SYS_ADMIN: 21n, CAP_PERFMON: 38n, CAP_BPF: 39n } as const;

/** Of no other interface, none can be made: the kernel refuses it as wrong where it knows the kind, else as unknown. */
function macvlan(): Answer {
  const { stderr } = spawnSync('ip', ['link', 'add', 'name', 'sluice-probe', 'type', 'macvlan'], { encoding: 'utf8' });
  return /unknown device type|not supported/i.test(stderr) ? { error: stderr.trim() } : true;
}

function isCommand(name: string): boolean {
  return (process.env.PATH ?? '').split(':').some((directory) => {
    try {
      accessSync(join(directory, name), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

function prefixMapInMap({ BpfMap }: Native): Answer {
  const sizes = { keySize: 8, valueSize: 4, maxEntries: 1 };
  try {
    // Prefix maps exist only without preallocation (BPF_F_NO_PREALLOC).
    using innerMap = BpfMap.create({ type: 'lpm_trie', name: 'probe', flags: 1, ...sizes });
    using outer = BpfMap.create({ type: 'array_of_maps', name: 'probe', ...sizes, keySize: 4, innerMap });
    outer.putMap(new Uint8Array(4), innerMap);
    return true;
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) };
  }
}

function loadObject({ openObject }: Native): Answer {
  try {
    using opened = openObject(object);
    opened.load();
    return true;
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) };
  }
}
