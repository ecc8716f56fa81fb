/**
 * A machine with workloads, made of real namespaces: one plays the host, so that the machine that runs the tests keeps
 * its own network as it is.
 *
 *     web 10.77.1.2 ── 10.77.1.1 ┐                      ┌ 10.78.0.1 ── 10.78.0.2 outside (knows no 10.77: MASQUERADE, DNAT)
 *     api 10.77.2.2 ── 10.77.2.1 ├ host (forwards,      │
 *     b1  10.77.100.2 ┐          │ strict rp_filter) ───┤
 *     b2  10.77.100.3 ┴ br0 .1 ──┘                      └ 10.79.0.1 ── 10.79.0.2 lan (routes 10.77 back)
 *
 * IPv6 likewise: fd77:1::2, fd77:100::2, fd78::2, fd79::2.
 */

import { Namespace } from './namespace.ts';

export type Family = 4 | 6;
export const families: readonly Family[] = [4, 6];

export interface Station {
  readonly namespace: Namespace;
  /** Name of the workload and of the role in the topology. */
  readonly name: string;
  readonly address: Readonly<Record<Family, string>>;
}

export class Topology {
  readonly host = Namespace.create('host');
  /** The host's own address on the link to the first station, and on the one to the outside. */
  readonly #namespaces: Namespace[] = [this.host];
  #routed = 0;
  #bridged = 1;

  constructor() {
    this.host.sysctl('net.ipv4.ip_forward', '1');
    this.host.sysctl('net.ipv6.conf.all.forwarding', '1');
    this.host.sysctl('net.ipv4.conf.all.rp_filter', '1');
    this.host.sysctl('net.ipv4.conf.default.rp_filter', '1');
  }

  /** A workload on a routed veth pair of its own. */
  routed(name: string): Station {
    const net = ++this.#routed;
    return this.#station(name, `v-${name}`, {
      own: { 4: `10.77.${net}.2`, 6: `fd77:${net}::2` },
      gateway: { 4: `10.77.${net}.1`, 6: `fd77:${net}::1` },
    });
  }

  /** A workload at a port of the bridge br0. */
  bridged(name: string): Station {
    const gateway = { 4: '10.77.100.1', 6: 'fd77:100::1' };
    if (this.#bridged === 1) {
      this.host.ip('link', 'add', 'br0', 'type', 'bridge');
      this.host.ip('link', 'set', 'br0', 'up');
      addAddresses(this.host, 'br0', gateway);
    }
    const last = ++this.#bridged;
    const own = { 4: `10.77.100.${last}`, 6: `fd77:100::${last}` };
    const station = this.#station(name, `v-${name}`, { own, gateway, bridge: 'br0' });
    return station;
  }

  /** A machine elsewhere that knows a route back to the workloads. */
  lan(): Station {
    const gateway = { 4: '10.79.0.1', 6: 'fd79::1' };
    return this.#station('lan', 'lan', { own: { 4: '10.79.0.2', 6: 'fd79::2' }, gateway });
  }

  /** A machine elsewhere that knows the host only: the workloads reach it through MASQUERADE. */
  outside(): Station & { readonly hostAddress: Readonly<Record<Family, string>> } {
    const gateway = { 4: '10.78.0.1', 6: 'fd78::1' };
    const station = this.#station('outside', 'out', { own: { 4: '10.78.0.2', 6: 'fd78::2' }, gateway, noRoute: true });
    for (const iptables of ['iptables', 'ip6tables']) {
      this.host.runSync(iptables, '-w', '-t', 'nat', '-A', 'POSTROUTING', '-o', 'out', '-j', 'MASQUERADE');
    }
    return { ...station, hostAddress: gateway };
  }

  /** As a container engine publishes a port: what arrives from outside at `port` goes to the workload's `to`. */
  publish(port: number, workload: Station, to: number): void {
    const rule = (destination: string): string[] =>
      `-w -t nat -A PREROUTING -i out -p tcp --dport ${port} -j DNAT --to-destination ${destination}`.split(' ');
    this.host.runSync('iptables', ...rule(`${workload.address[4]}:${to}`));
    this.host.runSync('ip6tables', ...rule(`[${workload.address[6]}]:${to}`));
  }

  delete(): void {
    for (const namespace of this.#namespaces.reverse()) namespace.delete();
  }

  #station(name: string, hostInterface: string, link: Link): Station {
    const namespace = Namespace.create(name);
    this.#namespaces.push(namespace);
    this.host.ip(...`link add ${hostInterface} type veth peer name eth0 netns ${namespace.name}`.split(' '));
    this.host.ip('link', 'set', hostInterface, 'up');
    if (link.bridge) this.host.ip('link', 'set', hostInterface, 'master', link.bridge);
    else addAddresses(this.host, hostInterface, link.gateway);
    namespace.ip('link', 'set', 'eth0', 'up');
    addAddresses(namespace, 'eth0', link.own);
    if (!link.noRoute) {
      namespace.ip('route', 'add', 'default', 'via', link.gateway[4]);
      namespace.ip('-6', 'route', 'add', 'default', 'via', link.gateway[6]);
    }
    return { namespace, name, address: link.own };
  }
}

interface Link {
  readonly own: Readonly<Record<Family, string>>;
  readonly gateway: Readonly<Record<Family, string>>;
  readonly bridge?: string;
  readonly noRoute?: true;
}

function addAddresses(namespace: Namespace, device: string, address: Readonly<Record<Family, string>>): void {
  namespace.ip('address', 'add', `${address[4]}/24`, 'dev', device);
  namespace.ip('address', 'add', `${address[6]}/64`, 'dev', device, 'nodad');
}

/** `http://host:port` with the brackets that IPv6 needs. */
export function url(address: string, port: number, path: string): string {
  return `http://${address.includes(':') ? `[${address}]` : address}:${port}${path}`;
}
