/** What `ip` says about links and addresses, of this network namespace or of another one. */

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);
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
  const { stdout } = await run('nsenter', [`--net=/proc/${pid}/ns/net`, 'ip', ...showLinks], { maxBuffer: mostOutput });
  return rowsOf<IpLink>(stdout);
}

export async function namedNetns(): Promise<readonly IpNetns[]> {
  return ip<IpNetns>(['-json', 'netns', 'list']);
}

export async function routesVia(interfaceName: string, family: '-4' | '-6'): Promise<readonly IpRoute[]> {
  return ip<IpRoute>(['-json', family, 'route', 'show', 'table', 'all', 'dev', interfaceName]);
}

async function ip<Row>(args: readonly string[]): Promise<readonly Row[]> {
  try {
    return rowsOf<Row>((await run('ip', args, { maxBuffer: mostOutput })).stdout);
  } catch (error) {
    const { code, stderr } = error as { code?: unknown; stderr?: string };
    if (code === 'ENOENT') throw new Error('the command ip is missing; install iproute2');
    throw new Error(stderr?.trim() || String(error));
  }
}

/** Without a single row, some of ip's commands print nothing at all, or an empty one. */
function rowsOf<Row>(output: string): readonly Row[] {
  return output.trim() === '' ? [] : (JSON.parse(output) as Row[]).filter((row) => Object.keys(row as object).length);
}
