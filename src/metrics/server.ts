/** Metrics over TCP for a Prometheus that can't reach the admin socket; off unless `--metrics` names an address. */

import { createServer } from 'node:http';
import { exposition, expositionContentType } from './exposition.ts';
import type { Metric } from './metric.ts';

export interface MetricsServer {
  /** Where it listens, which port 0 leaves open. */
  readonly port: number;
  close(): Promise<void>;
}

/**
 * @param address `address:port`, an IPv6 address in brackets.
 * @throws {Error} when the address is malformed or cannot be listened on.
 */
export async function serveMetrics(address: string, metrics: () => Promise<readonly Metric[]>): Promise<MetricsServer> {
  const { host, port } = parseAddress(address);
  const server = createServer((request, response) => {
    if (request.method !== 'GET' || request.url !== '/metrics') {
      response.writeHead(404).end('only GET /metrics is here\n');
      return;
    }
    metrics().then(
      (all) => response.writeHead(200, { 'content-type': expositionContentType }).end(exposition(all)),
      () => response.writeHead(500).end('the metrics could not be read\n'),
    );
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(explain(address, error)));
    server.listen({ host, port }, resolve);
  });
  const bound = server.address();
  return {
    port: typeof bound === 'object' && bound !== null ? bound.port : port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function parseAddress(address: string): { host: string; port: number } {
  const colon = address.lastIndexOf(':');
  const port = Number(address.slice(colon + 1));
  const host = address.slice(0, Math.max(colon, 0)).replace(/^\[(.*)\]$/, '$1');
  if (colon > 0 && host !== '' && Number.isInteger(port) && port >= 0 && port <= 65535) return { host, port };
  throw new Error(
    `--metrics ${address} is not an address and a port; give it for example 127.0.0.1:9464 or [::1]:9464`,
  );
}

function explain(address: string, error: NodeJS.ErrnoException): Error {
  switch (error.code) {
    case 'EADDRINUSE':
      return new Error(
        `--metrics ${address} is already in use; \`ss -ltnp\` shows by whom, stop that or choose another port`,
      );
    case 'EADDRNOTAVAIL':
      return new Error(`--metrics ${address} is not an address of this machine; \`ip address\` shows those it has`);
    default:
      return new Error(`--metrics ${address} cannot be listened on: ${error.message}`);
  }
}
