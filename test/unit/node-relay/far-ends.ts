/** Both far ends of one relay, in a process of their own: each sends so many MiB and says what it got. */

import type net from 'node:net';
import { digest, pour } from './stream.ts';
import { listen } from './wiring.ts';

const mebibytes = Number(process.argv[2]);
const listener = await listen();
const ends: net.Socket[] = [];
listener.on('connection', (socket) => {
  ends.push(socket);
  if (ends.length < 2) return;
  listener.close();
  const digests = Promise.all(ends.map((end) => digest(end)));
  for (const end of ends) pour(end, mebibytes);
  void digests.then((results) => process.send?.(results, () => process.disconnect()));
});
process.send?.((listener.address() as net.AddressInfo).port);
