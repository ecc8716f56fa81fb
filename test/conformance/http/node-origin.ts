/** Node's own server, as lenient as it can be made. Arguments: port, log file. */

import { appendFileSync } from 'node:fs';
import { createServer } from 'node:http';

const [port, log] = process.argv.slice(2);

createServer({ insecureHTTPParser: true, requireHostHeader: false }, (request, response) => {
  appendFileSync(log ?? '', `${request.method} ${request.url}\n`, 'latin1');
  request.resume().on('end', () => response.end('ok\n'));
}).listen(Number(port));
