/** Where the benchmarks run: clients and a server, each in a namespace, routed by a third; nothing else on the way. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '../test/netns/eventually.ts';
import type { Namespace } from '../test/netns/namespace.ts';
import { type Station, Topology } from '../test/netns/topology.ts';

export interface Scene {
  readonly topology: Topology;
  readonly client: Station;
  /** Another client like it, so that a peer that works at the client's own interface stands in nobody's way. */
  clientOf(peer: string): Station;
  readonly server: Station;
  /** The host's address as the client reaches it: where explicit proxies listen. */
  readonly hostAddress: string;
  readonly directory: string;
  [Symbol.dispose](): void;
}

export const originPort = 8080;
export const proxyPort = 9090;
const smallBody = 100;
const largeBody = 64 * 1024;

/** nginx as the origin: `/public/small` is 100 B, `/public/large` 64 KiB, POST to `/public/upload` is read and answered. */
export async function createScene(): Promise<Scene> {
  const topology = new Topology();
  const [client, server] = [topology.routed('client'), topology.routed('server')];
  for (const namespace of [topology.host, client.namespace]) openPorts(namespace);
  const directory = mkdtempSync(join(tmpdir(), 'sluice-bench-'));
  for (const [name, size] of [
    ['small', smallBody],
    ['large', largeBody],
  ] as const) {
    writeFileSync(join(directory, name), 'x'.repeat(size));
  }
  const configuration = join(directory, 'origin.conf');
  writeFileSync(configuration, originConfiguration(directory));
  server.namespace.spawn('nginx', ['-c', configuration, '-p', directory], { stdio: 'ignore' });
  const scene: Scene = {
    topology,
    client,
    server,
    clientOf(peer) {
      const station = topology.routed(peer);
      openPorts(station.namespace);
      return station;
    },
    hostAddress: '10.77.1.1',
    directory,
    [Symbol.dispose]() {
      topology.delete();
      rmSync(directory, { recursive: true, force: true });
    },
  };
  await answers(scene, `http://${server.address[4]}:${originPort}/public/small`);
  return scene;
}

/** With a connection a request the default 28,232 ports are used up within seconds, and a port in TIME_WAIT stays so a minute. */
function openPorts(namespace: Namespace): void {
  namespace.sysctl('net.ipv4.ip_local_port_range', '1024 65535');
  namespace.sysctl('net.ipv4.tcp_tw_reuse', '1');
}

/** Waits until a GET from the client's namespace is answered with 200. */
export async function answers({ client }: Pick<Scene, 'client'>, url: string): Promise<void> {
  await eventually(`${url} answers`, async () => {
    const { stdout } = await client.namespace.run(
      'curl',
      '--silent',
      '--output',
      '/dev/null',
      '--max-time',
      '1',
      '--write-out',
      '%{http_code}',
      url,
    );
    return stdout === '200' || undefined;
  });
}

/** Without `multi_accept` nginx takes one connection a turn of its loop: the last of 256 then waits for its first answer 200 ms. */
function originConfiguration(directory: string): string {
  return `daemon off;
user root;
master_process off;
worker_processes 1;
error_log ${directory}/origin.log crit;
pid ${directory}/origin.pid;
events { worker_connections 4096; multi_accept on; }
http {
  access_log off;
  keepalive_requests 1000000000;
  client_body_temp_path ${directory}/upload;
  proxy_temp_path ${directory}/t1; fastcgi_temp_path ${directory}/t2; uwsgi_temp_path ${directory}/t3; scgi_temp_path ${directory}/t4;
  sendfile on;
  open_file_cache max=100;
  server {
    listen ${originPort} backlog=4096 reuseport;
    location /public/ { alias ${directory}/; }
    location /public/upload { client_max_body_size 16m; client_body_buffer_size 1m; proxy_pass http://127.0.0.1:8081/; }
  }
  server { listen 127.0.0.1:8081; location / { return 200 ok; } }
}
`;
}
