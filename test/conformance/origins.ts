/**
 * Real servers of HTTP/1.1 or of HTTP/2 with prior knowledge, each with its own parser, that write down every request which
 * they believe to have been sent.
 */

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { eventually } from '../netns/eventually.ts';
import type { Station } from '../netns/topology.ts';

export interface Origin {
  readonly name: string;
  readonly port: number;
  /** One line a request: method and target. */
  readonly seen: () => readonly string[];
}

export type Version = 'http' | 'http2';

interface Program {
  readonly name: string;
  readonly versions: readonly Version[];
  /** @returns command and arguments; `log` is the file that it must write. */
  readonly command: (port: number, directory: string, log: string, version: Version) => readonly string[];
}

const both: readonly Version[] = ['http', 'http2'];

const programs: readonly Program[] = [
  {
    name: 'node',
    versions: both,
    command: (port, _, log, version) => [process.execPath, script(`${version}/node-origin.ts`), String(port), log],
  },
  {
    name: 'python',
    versions: ['http'],
    command: (port, _, log) => ['python3', script('http/python-origin.py'), String(port), log],
  },
  {
    name: 'nginx',
    versions: both,
    command: (port, directory, log, version) => [
      'nginx',
      '-p',
      directory,
      '-c',
      write(
        directory,
        'nginx.conf',
        `user root; daemon off; master_process off; pid ${directory}/pid; error_log ${directory}/error.log;
events {}
http {
  log_format seen '$request_method $request_uri';
  access_log ${log} seen;
  client_body_temp_path ${directory}/b; proxy_temp_path ${directory}/p; fastcgi_temp_path ${directory}/f;
  uwsgi_temp_path ${directory}/u; scgi_temp_path ${directory}/s;
  server { listen ${port}${version === 'http2' ? ' http2' : ''}; location / { return 200 ok; } }
}
`,
      ),
    ],
  },
  {
    name: 'apache',
    versions: both,
    command: (port, directory, log, version) => [
      'apache2',
      '-X',
      '-f',
      write(
        directory,
        'apache.conf',
        `ServerRoot ${directory}
ServerName origin
PidFile ${directory}/pid
DefaultRuntimeDir ${directory}
Listen ${port}
LoadModule mpm_event_module /usr/lib/apache2/modules/mod_mpm_event.so
LoadModule authz_core_module /usr/lib/apache2/modules/mod_authz_core.so
LoadModule alias_module /usr/lib/apache2/modules/mod_alias.so
${version === 'http2' ? apacheHttp2 : ''}ErrorLog ${directory}/error.log
LogFormat "%r" seen
CustomLog ${log} seen
RedirectMatch 204 .*
`,
      ),
    ],
  },
  {
    name: 'lighttpd',
    versions: ['http'],
    command: (port, directory, log) => [
      'lighttpd',
      '-D',
      '-f',
      write(
        directory,
        'lighttpd.conf',
        `server.document-root = "${directory}"
server.port = ${port}
server.bind = "0.0.0.0"
server.modules = ("mod_access", "mod_accesslog")
accesslog.filename = "${log}"
accesslog.format = "%r"
`,
      ),
    ],
  },
  {
    name: 'h2o',
    versions: both,
    command: (port, directory, log) => [
      'h2o',
      '-c',
      write(
        directory,
        'h2o.conf',
        `user: root
num-threads: 1
error-log: ${directory}/error.log
access-log: {path: ${log}, format: "%r"}
hosts:
  default:
    listen: {port: ${port}}
    paths: {"/": {file.dir: ${directory}}}
`,
      ),
    ],
  },
  {
    name: 'haproxy',
    versions: both,
    command: (port, directory, log, version) => [
      'sh',
      '-c',
      'exec haproxy -db -f "$0" >> "$1"',
      write(
        directory,
        'haproxy.cfg',
        `global
  log stdout format raw local0
defaults
  mode http
  timeout client 5s
frontend f
  bind :${port}${version === 'http2' ? ' proto h2' : ''}
  log global
  log-format "%HM %[capture.req.uri]"
  http-request return status 200
`,
      ),
      log,
    ],
  },
];

const apacheHttp2 = `LoadModule http2_module /usr/lib/apache2/modules/mod_http2.so
Protocols h2c http/1.1
`;

function script(name: string): string {
  return fileURLToPath(new URL(name, import.meta.url));
}

/** @returns the path of a file with this text */
function write(directory: string, name: string, text: string): string {
  const path = join(directory, name);
  writeFileSync(path, text);
  return path;
}

/** Starts all that speak this version in the station's namespace; they end with it. */
export async function startOrigins(station: Station, directory: string, version: Version): Promise<readonly Origin[]> {
  const speaking = programs.filter(({ versions }) => versions.includes(version));
  const origins = speaking.map(({ name, command }, index): Origin => {
    const port = 8001 + index;
    const own = join(directory, name);
    const log = join(own, 'seen');
    mkdirSync(own);
    writeFileSync(log, '', { mode: 0o666 });
    const [program = '', ...args] = command(port, own, log, version);
    station.namespace.spawn(program, args, { stdio: 'ignore' });
    return {
      name,
      port,
      seen: () =>
        readFileSync(log, 'latin1')
          .split('\n')
          .filter((line) => line !== ''),
    };
  });
  for (const { name, port } of origins) {
    await eventually(`${name} listens on port ${port}`, async () => {
      const { stdout } = await station.namespace.run('ss', '-Hltn', 'sport', '=', `:${port}`);
      return stdout !== '' || undefined;
    });
  }
  return origins;
}
