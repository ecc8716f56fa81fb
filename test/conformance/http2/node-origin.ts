/** Node's HTTP/2 server. Arguments: port, log file. */

import { appendFileSync } from 'node:fs';
import { createServer } from 'node:http2';

const [port, log] = process.argv.slice(2);

const server = createServer({ settings: { enableConnectProtocol: true } });
server.on('stream', (stream, headers) => {
  appendFileSync(log ?? '', `${headers[':method']} ${headers[':path']}\n`, 'latin1');
  stream.on('error', () => stream.destroy());
  stream.resume();
  stream.respond({ ':status': 200 });
  stream.end('ok\n');
});
server.on('sessionError', () => {});
server.listen(Number(port));
