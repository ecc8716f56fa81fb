/** What the server part does with a connection that is none. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { fstatSync, openSync } from 'node:fs';
import net from 'node:net';
import { test } from 'node:test';
import { closeFd, duplicateFd } from '../../native/index.ts';
import type { ConnectionFacts } from '../../proxy/record.ts';
import type { CloseCause } from '../../proxy/relay.ts';
import { Server } from '../../proxy/serve.ts';
import { protocols } from '../../src/worker/protocols.ts';

const facts = {
  direction: 'egress',
  endpoint: 1,
  peer: 2,
  client: { address: '10.0.0.1', port: 1 },
  server: { address: '10.0.0.2', port: 80 },
} as ConnectionFacts;

test('descriptors that are no sockets end their connection, and are closed', async (t) => {
  const listener = net.createServer();
  listener.listen(0, '127.0.0.1');
  t.after(() => listener.close());
  await once(listener, 'listening');
  // The event loop watches Node's own already.
  const accepting = duplicateFd((listener as unknown as { readonly _handle: { readonly fd: number } })._handle.fd);
  const { promise: closed, resolve } = Promise.withResolvers<CloseCause>();
  const server = new Server({
    direction: 'egress',
    netns: -1,
    listener: accepting,
    identify: () => undefined,
    protocols,
    recorder: { record: () => undefined },
    policy: { identifyAnew: (same) => same, ruling: () => ({ verdict: 'open' }) },
    onClosed: resolve,
  });
  const files = [openSync('/dev/null', 'r'), openSync('/dev/null', 'r')] as const;
  server.adopt(facts, ...files);
  assert.equal(await closed, 'internal-error');
  assert.equal(server.connections, 0);
  for (const file of files) assert.throws(() => fstatSync(file), { code: 'EBADF' });
  server.close();
  closeFd(accepting);
});
