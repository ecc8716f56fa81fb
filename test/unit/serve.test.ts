/** What the server part does with a connection that is none. */

import assert from 'node:assert/strict';
import { fstatSync, openSync } from 'node:fs';
import { test } from 'node:test';
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

test('descriptors that are no sockets end their connection, and are closed', async () => {
  const { promise: closed, resolve } = Promise.withResolvers<CloseCause>();
  const server = new Server({
    direction: 'egress',
    netns: -1,
    listeners: [],
    identify: () => undefined,
    protocols,
    recorder: { record: () => undefined },
    policy: { identifyAnew: (same) => same, ruling: () => ({ verdict: 'open' }) },
    onBrokers: () => undefined,
    onClosed: resolve,
  });
  const files = [openSync('/dev/null', 'r'), openSync('/dev/null', 'r')] as const;
  server.adopt(facts, ...files);
  assert.equal(await closed, 'internal-error');
  assert.equal(server.connections, 0);
  for (const file of files) assert.throws(() => fstatSync(file), { code: 'EBADF' });
});
