/** Finds where the workloads are on this node: the host side of each one's interface, and its addresses. */

import type { Address } from '../identity/identity.ts';
import { limits } from '../limits.ts';
import { type IpLink, linksOf, namedNetns, routesVia } from './links.ts';
import { linksOfUnnamed } from './unnamed-netns.ts';
import { type LocatedWorkload, type Workload, workloadKey } from './workload.ts';

/** This network namespace, in which the taps are. */
interface Host {
  readonly links: readonly IpLink[];
  /** Namespaces that have names, by this namespace's number for them. */
  readonly names: ReadonlyMap<number, readonly string[]>;
  /** Links of the namespaces without one; looked for at the first call. */
  readonly unnamed: () => Promise<readonly (readonly IpLink[])[]>;
}

type Found = Omit<LocatedWorkload, 'workload'>;

/**
 * In the order of `workloads`. What can't be found is a `problem` of that workload, never an exception: it may come yet.
 * @throws {Error} when the host's own links can't be read.
 */
export async function locate(workloads: readonly Workload[]): Promise<readonly LocatedWorkload[]> {
  const host = await describeHost();
  const located: LocatedWorkload[] = [];
  for (let from = 0; from < workloads.length; from += limits.locateAtOnce) {
    const some = workloads.slice(from, from + limits.locateAtOnce);
    located.push(...(await Promise.all(some.map(async (workload) => locateOne(workload, host)))));
  }
  return withoutConflicts(located);
}

/**
 * Addresses of this network namespace by which workloads reach it; loopback and link-local ones are none of them. The
 * interfaces of the proxy's namespaces have no address at all.
 * @throws {Error} with what `ip` said.
 */
export async function hostAddresses(): Promise<readonly Address[]> {
  return addressesOf(await linksOf());
}

async function describeHost(): Promise<Host> {
  // In this order: the links' listing gives their peers' namespaces the numbers that the second one prints.
  const links = await linksOf();
  const names = new Map<number, string[]>();
  for (const { name, id } of await namedNetns()) {
    if (id !== undefined) names.set(id, [...(names.get(id) ?? []), name]);
  }
  let unnamed: ReturnType<Host['unnamed']> | undefined;
  return {
    links,
    names,
    unnamed: () => {
      unnamed ??= linksOfUnnamed();
      return unnamed;
    },
  };
}

async function locateOne(workload: Workload, host: Host): Promise<LocatedWorkload> {
  const { place } = workload;
  switch (place.kind) {
    case 'remote':
      return { workload, addresses: place.addresses };
    case 'netns':
      return { workload, ...(await inNetns(place.netns, host)) };
    case 'interface':
      return { workload, ...(await atInterface(place.interfaceName, host)) };
  }
}

async function inNetns(netns: string, host: Host): Promise<Found> {
  let links: readonly IpLink[];
  try {
    links = await linksOf(netns);
  } catch (error) {
    return missing(netnsFailure(netns, error));
  }
  const veths = links.filter(isVeth);
  const pairs = veths.flatMap((inner) => {
    const outer = host.links.find((link) => isPair(link, inner) && isIn(link, netns, host));
    return outer ? [{ inner, outer }] : [];
  });
  const [pair, second] = pairs;
  if (pair && second) {
    const list = pairs.map(({ outer }) => outer.ifname).join(', ');
    const advice = 'make each a workload of its own, by `interface: NAME` instead of `netns`';
    return missing(`network namespace ${netns} has ${pairs.length} interfaces to this host (${list}); ${advice}`);
  }
  if (pair) return at(pair.outer, addressesOf(links.filter((link) => link === pair.inner || isLoopback(link))));
  if (veths.length === 0) {
    const advice = 'add one: ip link add NAME type veth peer name eth0 netns';
    return missing(`network namespace ${netns} has no veth interface; ${advice} ${netns}`);
  }
  const list = veths.map(({ ifname }) => ifname).join(', ');
  const advice = 'move that side here, or run Sluice in the network namespace that has it';
  return missing(`the other side of ${list} in network namespace ${netns} is not in Sluice's own; ${advice}`);
}

function netnsFailure(netns: string, error: unknown): string {
  const said = error instanceof Error ? error.message : String(error);
  if (!/No such file or directory/.test(said)) return `network namespace ${netns} can't be read: ${said}`;
  return `there is no network namespace ${netns}; start the workload, or correct \`netns\` (ip netns shows the names)`;
}

async function atInterface(name: string, host: Host): Promise<Found> {
  const outer = host.links.find(({ ifname }) => ifname === name);
  if (!outer) {
    return missing(
      `there is no interface ${name}; start the workload, or correct \`interface\` (ip link shows the names)`,
    );
  }
  const addresses = (await addressesOfPeer(outer, host)) ?? (await addressesOfRoutes(name));
  if (addresses.length > 0) return at(outer, addresses);
  const advice = `give its network namespace a name (ip netns attach NAME PID), or add host routes to its addresses`;
  return { ...at(outer, []), problem: `the addresses behind interface ${name} are not known; ${advice}` };
}

/** From the namespace at the other side, where that can be found. */
async function addressesOfPeer(outer: IpLink, host: Host): Promise<readonly Address[] | undefined> {
  const links = isVeth(outer) ? await linksOfPeer(outer, host) : [];
  const found = addressesOf(links.filter((link) => isPair(outer, link) || isLoopback(link)));
  return found.length > 0 ? found : undefined;
}

async function linksOfPeer(outer: IpLink, { names, unnamed }: Host): Promise<readonly IpLink[]> {
  if (outer.link_netnsid === undefined) return [];
  const [netns] = names.get(outer.link_netnsid) ?? [];
  if (netns !== undefined) return linksOf(netns).catch(() => []); // it ended meanwhile
  // A namespace without a name can't be asked for its number. Where two have such a pair, it may be either.
  const fitting = (await unnamed()).filter((links) => links.some((inner) => isPair(outer, inner)));
  return fitting.length === 1 ? (fitting[0] ?? []) : [];
}

/** Neighbour entries would say it, too, but these are what the workload claims; routes are what the operator says. */
async function addressesOfRoutes(name: string): Promise<readonly Address[]> {
  const routes = [...(await routesVia(name, '-4')), ...(await routesVia(name, '-6'))];
  const direct = routes.filter(({ type, gateway }) => type === undefined && gateway === undefined);
  return unique(direct.flatMap(({ dst }) => (/^[0-9a-f.:]+$/.test(dst) && !isLinkLocal(dst) ? [dst] : [])));
}

/** An address that two workloads have identifies neither; the first keeps it, the other one says so. */
function withoutConflicts(located: readonly LocatedWorkload[]): readonly LocatedWorkload[] {
  const taken = new Map<string | number, string>();
  return located.map((one) => {
    const key = workloadKey(one.workload);
    const ifindex = one.interface?.ifindex;
    const owner = ifindex === undefined ? undefined : taken.get(ifindex);
    if (owner !== undefined) {
      const what = `interface ${one.interface?.name} belongs to workload ${owner} already`;
      return { workload: one.workload, ...missing(`${what}; give it to one only`) };
    }
    if (ifindex !== undefined) taken.set(ifindex, key);
    const lost = one.addresses.filter((address) => taken.has(address));
    const addresses = one.addresses.filter((address) => !taken.has(address));
    for (const address of addresses) taken.set(address, key);
    if (lost.length === 0) return one;
    const what = `${lost.join(', ')} ${lost.length > 1 ? 'are addresses' : 'is an address'} of ${taken.get(lost[0] ?? '')}`;
    return { ...one, addresses, problem: `${what} already, and stands for that one; give each workload its own` };
  });
}

function at({ ifname, ifindex }: IpLink, addresses: readonly Address[]): Found {
  return { addresses, interface: { name: ifname, ifindex } };
}

function missing(problem: string): Found {
  return { addresses: [], problem };
}

function isVeth(link: IpLink): boolean {
  return link.linkinfo?.info_kind === 'veth';
}

function isLoopback(link: IpLink): boolean {
  return link.ifname === 'lo';
}

/** Numbers of both sides name each other; those of a third namespace could by chance, hence `isIn`. */
function isPair(outer: IpLink, inner: IpLink): boolean {
  return isVeth(outer) && outer.ifindex === inner.link_index && outer.link_index === inner.ifindex;
}

function isIn(outer: IpLink, netns: string, { names }: Host): boolean {
  return names.get(outer.link_netnsid ?? -1)?.includes(netns) ?? false;
}

/** `ip` prints RFC 5952 form, which is that of `Address`. */
function addressesOf(links: readonly IpLink[]): readonly Address[] {
  return unique(
    links.flatMap(({ addr_info: addresses = [] }) =>
      addresses.flatMap(({ local, scope }) => (local !== undefined && scope === 'global' ? [local] : [])),
    ),
  );
}

function unique(addresses: readonly string[]): readonly Address[] {
  return [...new Set(addresses)] as Address[];
}

function isLinkLocal(address: string): boolean {
  return /^(?:fe[89ab][0-9a-f]:|169\.254\.)/.test(address);
}
