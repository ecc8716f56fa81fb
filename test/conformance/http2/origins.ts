/** Servers of HTTP/2 with prior knowledge, each with its own framing and HPACK. */

import { fileURLToPath } from 'node:url';
import { type Program, write } from '../http/origins.ts';

export const programs: readonly Program[] = [
  {
    name: 'node',
    command: (port, _, log) => [
      process.execPath,
      fileURLToPath(new URL('node-origin.ts', import.meta.url)),
      String(port),
      log,
    ],
  },
  {
    name: 'nginx',
    command: (port, directory, log) => [
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
  server { listen ${port} http2; location / { return 200 ok; } }
}
`,
      ),
    ],
  },
  {
    name: 'apache',
    command: (port, directory, log) => [
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
LoadModule http2_module /usr/lib/apache2/modules/mod_http2.so
Protocols h2c http/1.1
ErrorLog ${directory}/error.log
LogFormat "%r" seen
CustomLog ${log} seen
RedirectMatch 204 .*
`,
      ),
    ],
  },
  {
    name: 'h2o',
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
    command: (port, directory, log) => [
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
  bind :${port} proto h2
  log global
  log-format "%HM %[capture.req.uri]"
  http-request return status 200
`,
      ),
      log,
    ],
  },
];
