/** Who plays the cases: client.py in one station, the server that keeps all bytes in another. */

import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import { eventually } from '../eventually.ts';
import type { Namespace } from '../namespace.ts';
import type { Family, Station, Topology } from '../topology.ts';
import { A, type AttackCase, B } from './steps.ts';

interface Piece {
  readonly id: number;
  readonly port: number;
  readonly data: string;
}

/** What each connection of a server brought. */
export class RawOrigin {
  /** By connection; `port` is the client's. */
  readonly streams = new Map<number, { readonly port: number; data: string }>();

  static async start(namespace: Namespace, port: number): Promise<RawOrigin> {
    const origin = new RawOrigin();
    const script = fileURLToPath(new URL('origin.ts', import.meta.url));
    const child = namespace.spawn(process.execPath, [script, String(port)], { stdio: ['ignore', 'pipe', 'inherit'] });
    let listening = false;
    readLines(child.stdout, (line: Piece | 'listening') => {
      if (line === 'listening') {
        listening = true;
        return;
      }
      const stream = origin.streams.get(line.id);
      if (stream) stream.data += line.data;
      else origin.streams.set(line.id, { port: line.port, data: line.data });
    });
    await eventually(`the raw origin listens on port ${port}`, () => listening || undefined);
    return origin;
  }

  sawPort(wanted: number): boolean {
    return [...this.streams.values()].some(({ port }) => port === wanted);
  }
}

function readLines<T>(from: NodeJS.ReadableStream | null, take: (line: T) => void): void {
  let rest = '';
  from?.setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) take(JSON.parse(line) as T);
  });
}

export interface Played {
  readonly name: string;
  readonly failed: string | null;
}

/** The first case's port; the others follow. */
const firstPort = 20_000;
/** The client's port in the case at `index`. */
export function portOf(index: number): number {
  return firstPort + index;
}

/** From a case's port to that of its connection aside. */
const asidePorts = 20_000;

/** The kernel there must not answer for connections that client.py made. */
export function silence(station: Station, port: number): void {
  for (const iptables of ['iptables', 'ip6tables']) {
    station.namespace.runSync(iptables, ...`-w -A INPUT -p tcp --sport ${port} -j DROP`.split(' '));
  }
}

/** The kernel finishes checksums itself where packets leave by this interface, as for many a network card. */
export function noOffload(namespace: Namespace, device: string): void {
  namespace.runSync('python3', fileURLToPath(new URL('no-offload.py', import.meta.url)), device);
}

/** Plays the cases one after the other. */
export async function play(
  topology: Topology,
  client: Station,
  server: Station,
  family: Family,
  port: number,
  cases: readonly AttackCase[],
): Promise<Played[]> {
  const [link] = JSON.parse(topology.host.ip('-j', 'link', 'show', `v-${client.name}`)) as { address: string }[];
  const setup = {
    family,
    client: client.address[family],
    server: server.address[family],
    port,
    interface: 'eth0',
    gateway: link?.address,
    cases: cases.map(({ name, steps }, index) => ({ name, steps, port: portOf(index) })),
  };
  const script = fileURLToPath(new URL('client.py', import.meta.url));
  const child = client.namespace.spawn('python3', [script], { stdio: ['pipe', 'pipe', 'inherit'] });
  const played: Played[] = [];
  readLines(child.stdout, (line: Played) => {
    played.push(line);
  });
  child.stdin?.end(JSON.stringify(setup));
  const code = await new Promise((resolve) => child.once('close', resolve));
  assert.equal(code, 0, 'client.py played all cases');
  return played;
}

/**
 * Is the stream made of whole requests that may be seen, and at its end perhaps the beginning of one, with its whole head?
 * @returns what is not, or undefined.
 */
function strange(data: string, allowed: readonly string[]): string | undefined {
  let rest = data;
  for (;;) {
    const whole = allowed.find((one) => rest.startsWith(one));
    if (whole === undefined) break;
    rest = rest.slice(whole.length);
  }
  if (rest === '' || (rest.includes('\r\n\r\n') && allowed.some((one) => one.startsWith(rest)))) return undefined;
  return rest;
}

/** Everything that the server saw and may not have. */
export function forbidden(cases: readonly AttackCase[], origin: RawOrigin): string[] {
  const found: string[] = [];
  for (const { port, data } of origin.streams.values()) {
    const one = cases[(port - firstPort) % asidePorts];
    const rest = one ? strange(data, one.allowed ?? [A, B]) : data;
    if (rest !== undefined) found.push(`${one?.name ?? `port ${port}`}: ${JSON.stringify(rest.slice(0, 200))}`);
  }
  return found;
}
