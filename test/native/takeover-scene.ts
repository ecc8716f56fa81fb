/**
 * A client and a server with a router between them, which forwards their packets or, when told to, keeps them for its own
 * sockets: a tap's divert made of routing rules alone.
 */

import { readSync, writeSync } from 'node:fs';
import type { TestContext } from 'node:test';
import {
  acceptConnections,
  closeFd,
  connectUpstream,
  listenTransparent,
  openNetns,
  pauseSocket,
  resumeSocket,
  type SocketAddress,
  type TakeoverOptions,
} from '../../native/index.ts';
import { eventually } from '../netns/eventually.ts';
import { type Family, Topology } from '../netns/topology.ts';

/** `client` and `server` are descriptors of the real ends. */
export interface Connection {
  readonly client: number;
  readonly server: number;
  readonly addresses: { readonly client: SocketAddress; readonly server: SocketAddress };
}

let nextPort = 20_000;

export class Scene {
  readonly #topology = new Topology();
  readonly #client = this.#topology.routed('c');
  readonly #server = this.#topology.lan();
  readonly netns = { client: 0, router: 0, server: 0 };
  readonly #interfaces = ['v-c', 'lan'];

  constructor() {
    const open = (namespace: { readonly name: string }): number => openNetns(`/run/netns/${namespace.name}`);
    const { host } = this.#topology;
    this.netns = {
      client: open(this.#client.namespace),
      router: open(host),
      server: open(this.#server.namespace),
    };
    for (const family of ['-4', '-6']) host.ip(family, 'route', 'add', 'local', 'default', 'dev', 'lo', 'table', '100');
  }

  close(): void {
    for (const fd of Object.values(this.netns)) closeFd(fd);
    this.#topology.delete();
  }

  /** For the client's next connections. */
  clientSysctl(key: string, value: string): void {
    this.#client.namespace.sysctl(key, value);
  }

  addresses(family: Family): Connection['addresses'] {
    return {
      client: { address: this.#client.address[family], port: nextPort++ },
      server: { address: this.#server.address[family], port: nextPort++ },
    };
  }

  async connect(t: TestContext, family: Family, mss?: number): Promise<Connection> {
    const addresses = this.addresses(family);
    const listener = listenTransparent({ netns: this.netns.server, port: addresses.server.port, backlog: 1 });
    const accepted = Promise.withResolvers<number>();
    const acceptor = acceptConnections(listener, (fd) => accepted.resolve(fd));
    try {
      const client = await new Promise<number>((resolve, reject) => {
        const options = { netns: this.netns.client, ...addresses, ...(mss === undefined ? {} : { mss }) };
        connectUpstream(options, (error, fd) => (fd === undefined ? reject(error as Error) : resolve(fd)));
      });
      const connection = { client, server: await accepted.promise, addresses };
      t.after(() => this.forward());
      return connection;
    } finally {
      acceptor.close();
      closeFd(listener);
    }
  }

  /** What the router's own sockets need to go on for both ends, which stay as they are. */
  snapshot({ client, server, addresses }: Connection): TakeoverOptions {
    const towardsServer = pauseSocket(client);
    const towardsClient = pauseSocket(server);
    resumeSocket(client);
    resumeSocket(server);
    return { netns: this.netns.router, ...addresses, towardsClient, towardsServer };
  }

  /** From now on the router's own sockets get the packets of both. */
  divert(): void {
    this.#rule('add', ['lookup', '100']);
  }

  /** Packets of both are lost, silently. */
  freeze(): void {
    this.#rule('add', ['blackhole']);
  }

  /** Undoes both. */
  forward(): void {
    for (const family of ['-4', '-6']) {
      for (const line of this.#topology.host.ip(family, 'rule', 'show').split('\n')) {
        const [priority] = line.split(':');
        if (line.includes(' iif ') && priority) this.#topology.host.ip(family, 'rule', 'del', 'priority', priority);
      }
    }
  }

  #rule(verb: 'add', action: readonly string[]): void {
    for (const family of ['-4', '-6']) {
      for (const name of this.#interfaces) this.#topology.host.ip(family, 'rule', verb, 'iif', name, ...action);
    }
  }
}

export function send(fd: number, text: string): void {
  if (writeSync(fd, text) !== Buffer.byteLength(text)) throw new Error('the send queue is full');
}

/** What has arrived, without waiting; empty where nothing has. */
function arrived(fd: number): string {
  const buffer = Buffer.alloc(4096);
  try {
    return buffer.toString('latin1', 0, readSync(fd, buffer));
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EAGAIN') return '';
    throw error;
  }
}

/** Waits for exactly this text. */
export async function receives(fd: number, text: string): Promise<void> {
  let found = '';
  await eventually(`"${text}" arrives`, () => {
    found += arrived(fd);
    return found.length >= text.length || undefined;
  });
  if (found !== text) throw new Error(`"${found}" arrived instead of "${text}"`);
}
