/**
 * The network namespaces in which the proxy's sockets live, one a direction: every address is local there, and whatever
 * its sockets send leaves by one interface to the re-inject program. Nothing of the host but that one's host side is made or
 * changed.
 *
 *     host side (a veth's end) ─ macvlan `px0` inside
 *
 * What a veth's end sends waits in a queue for the other end's softirq; a macvlan hands it to the host side's own hook
 * (tc egress) within the same call. The veth is there because any kernel that runs containers has it, and because it goes
 * when the namespace goes: nothing passes it.
 */

import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { promisify } from 'node:util';
import type { Direction } from '../identity/identity.ts';

const run = promisify(execFile);

export interface ProxyNamespace {
  readonly direction: Direction;
  readonly name: string;
  readonly path: string;
  /** Host side of the way in and out. */
  readonly ifindex: number;
  /** Of the interface inside: where a diverted frame goes. */
  readonly mac: Uint8Array;
}

const inside = 'px0';
/** The veth's end that nothing passes; up, or the others would have no carrier. */
const idle = 'px1';
/** Number of the routing table in which every address is local; any number would do, the namespace has no other. */
const table = '100';
/** Next hops that exist only as neighbour entries: the re-inject program writes the real Ethernet header. */
const nextHop = { v4: '169.254.1.1', v6: 'fe80::1' } as const;

export function namespaceName(instance: string, direction: Direction): string {
  return `${instance}-${direction}`;
}

function hostInterface(instance: string, direction: Direction): string {
  return `${instance}-${direction === 'egress' ? 'eg' : 'in'}`;
}

/** Makes the namespace, or adopts it as an earlier agent left it. */
export async function ensureProxyNamespace(instance: string, direction: Direction): Promise<ProxyNamespace> {
  const name = namespaceName(instance, direction);
  const host = hostInterface(instance, direction);
  const found = await describe(name, host, direction);
  if (found) return found;
  await removeProxyNamespace(instance, direction);
  await create(name, host);
  const made = await describe(name, host, direction);
  if (!made) throw new Error(`network namespace ${name} was made but its interface ${inside} can't be found`);
  return made;
}

export async function removeProxyNamespace(instance: string, direction: Direction): Promise<void> {
  const name = namespaceName(instance, direction);
  const host = hostInterface(instance, direction);
  // The interface first: a namespace's end is asynchronous, the interface's is not.
  if (await linkOf(['link', 'show', 'dev', host])) await ip('link', 'delete', 'dev', host);
  if (existsSync(`/run/netns/${name}`)) await ip('netns', 'delete', name);
}

async function create(name: string, host: string): Promise<void> {
  await ip('netns', 'add', name);
  await sysctl(name, {
    'net.ipv4.conf.all.rp_filter': '0',
    'net.ipv4.conf.default.rp_filter': '0',
    'net.ipv4.conf.all.accept_local': '1',
    'net.ipv6.conf.all.accept_dad': '0',
    'net.ipv6.conf.default.accept_dad': '0',
    'net.ipv6.conf.default.router_solicitations': '0',
    // A client may use its port again before our side of the old connection has left TIME_WAIT.
    'net.ipv4.tcp_tw_reuse': '1',
    // IPv4's is the host's own in a new namespace.
    'net.ipv4.ip_forward': '0',
    'net.core.somaxconn': '65535',
    'net.ipv4.tcp_max_syn_backlog': '65535',
  });
  // The largest frames the kernel can make (GSO) pass as they are.
  const mtu = ['mtu', '65535'];
  await ip('link', 'add', host, ...mtu, 'type', 'veth', 'peer', 'name', idle, ...mtu, 'netns', name);
  await ip('link', 'add', 'link', host, 'name', inside, ...mtu, 'netns', name, 'type', 'macvlan', 'mode', 'private');
  await ip('link', 'set', 'dev', host, 'addrgenmode', 'none');
  // Of our own interface only: frames are taken at its tc hook, and the host's IPv6 routes get no line for it.
  await run('sysctl', ['-q', '-w', `net.ipv6.conf.${host}.disable_ipv6=1`]);
  await ip('link', 'set', 'dev', host, 'up');
  const within = (...args: string[]) => ip('-n', name, ...args);
  await within('link', 'set', 'dev', 'lo', 'up');
  for (const device of [idle, inside]) {
    await within('link', 'set', 'dev', device, 'addrgenmode', 'none');
    await within('link', 'set', 'dev', device, 'up');
  }
  const gateway = (await linkOf(['link', 'show', 'dev', host]))?.address ?? '';
  for (const [family, hop] of [
    ['-4', nextHop.v4],
    ['-6', nextHop.v6],
  ] as const) {
    await within(family, 'rule', 'add', 'iif', inside, 'lookup', table);
    await within(family, 'route', 'add', 'local', 'default', 'dev', 'lo', 'table', table);
    await within(family, 'neigh', 'add', hop, 'lladdr', gateway, 'dev', inside, 'nud', 'permanent');
    await within(family, 'route', 'add', 'default', 'via', hop, 'dev', inside, 'onlink');
  }
}

async function describe(name: string, host: string, direction: Direction): Promise<ProxyNamespace | undefined> {
  const path = `/run/netns/${name}`;
  if (!existsSync(path)) return undefined;
  const outer = await linkOf(['link', 'show', 'dev', host]);
  const inner = await linkOf(['-n', name, '-details', 'link', 'show', 'dev', inside]);
  if (!outer || inner?.linkinfo?.info_kind !== 'macvlan' || inner.link_index !== outer.ifindex) return undefined;
  const mac = Uint8Array.from(inner.address.split(':'), (byte) => Number.parseInt(byte, 16));
  return { direction, name, path, ifindex: outer.ifindex, mac };
}

interface Link {
  readonly ifindex: number;
  readonly address: string;
  /** The interface that it is a macvlan of. */
  readonly link_index?: number;
  readonly linkinfo?: { readonly info_kind?: string };
}

async function linkOf(args: readonly string[]): Promise<Link | undefined> {
  try {
    const { stdout } = await run('ip', ['-json', ...args]);
    return (JSON.parse(stdout) as Link[])[0];
  } catch {
    return undefined; // no such namespace or interface
  }
}

async function ip(...args: string[]): Promise<void> {
  try {
    await run('ip', args);
  } catch (error) {
    const said = (error as { stderr?: string }).stderr?.trim() ?? String(error);
    throw new Error(`ip ${args.join(' ')}: ${said}`);
  }
}

async function sysctl(namespace: string, values: Readonly<Record<string, string>>): Promise<void> {
  const settings = Object.entries(values).map(([name, value]) => `${name}=${value}`);
  await ip('netns', 'exec', namespace, 'sysctl', '-q', '-w', ...settings);
}
