/** What `ip` says about links and addresses, of this network namespace or of another one. */

import { NativeError, runCommand } from '../../native/index.ts';

/** Output of `ip` for a few thousand links, bytes. */
const mostOutput = 64 * 1024 * 1024;
const showLinks = ['-json', '-details', 'address', 'show'];

/** Fields of `ip -json -details address show` that are used. */
export interface IpLink {
  readonly ifindex: number;
  readonly ifname: string;
  /** The other side of a veth, in its own namespace's numbers. */
  readonly link_index?: number;
  /** This namespace's number for the other side's namespace; absent when it is this one. */
  readonly link_netnsid?: number;
  readonly linkinfo?: { readonly info_kind?: string };
  readonly addr_info?: readonly IpAddress[];
}

export interface IpAddress {
  readonly local?: string;
  readonly scope?: string;
}

export interface IpNetns {
  readonly name: string;
  /** This namespace's number for it; absent until something needed one. */
  readonly id?: number;
}

export interface IpRoute {
  readonly dst: string;
  /** Absent: unicast. */
  readonly type?: string;
  /** Absent: the destination itself is at the link. */
  readonly gateway?: string;
}

/** @throws {Error} with what `ip` said. */
export async function linksOf(netns?: string): Promise<readonly IpLink[]> {
  return ip<IpLink>(netns === undefined ? showLinks : ['-n', netns, ...showLinks]);
}

/** As `linksOf`, of the namespace that a process is in. */
export async function linksOfProcess(pid: number): Promise<readonly IpLink[]> {
  return rows<IpLink>('nsenter', `--net=/proc/${pid}/ns/net`, 'ip', ...showLinks);
}

export async function namedNetns(): Promise<readonly IpNetns[]> {
  return ip<IpNetns>(['-json', 'netns', 'list']);
}

export async function routesVia(interfaceName: string, family: '-4' | '-6'): Promise<readonly IpRoute[]> {
  return ip<IpRoute>(['-json', family, 'route', 'show', 'table', 'all', 'dev', interfaceName]);
}

async function ip<Row>(args: readonly string[]): Promise<readonly Row[]> {
  try {
    return await rows<Row>('ip', ...args);
  } catch (error) {
    if (!(error instanceof NativeError) || error.errnoName !== 'ENOENT') throw error;
    throw new Error('the command ip is missing; install iproute2', { cause: error });
  }
}

/** Without a single row, some of ip's commands print nothing at all, or an empty one. @throws {Error} with what it said. */
async function rows<Row>(...words: readonly [string, ...string[]]): Promise<readonly Row[]> {
  const { status, stdout, stderr } = await runCommand(words, mostOutput);
  if (status !== 0) throw new Error(stderr.trim() || `${words.join(' ')} ended with ${status}`);
  if (stdout.trim() === '') return [];
  return (JSON.parse(stdout) as Row[]).filter((row) => Object.keys(row as object).length);
}
