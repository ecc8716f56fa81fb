/** Many relays at once, and nothing left of them. */

import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import { takeText, tunnel, until, wire } from './wiring.ts';

const descriptors = () => readdirSync('/proc/self/fd').length;

test('2,000 relays at once, and no descriptor is left', async () => {
  // What the first one opens for good (timers, DNS) does not count.
  const first = await wire(tunnel);
  first.node.abort('drain');
  await first.closed;
  await until(() => first.client.destroy().closed && first.server.destroy().closed);
  const before = descriptors();
  const wirings = [];
  for (let made = 0; made < 2000; made += 100) {
    wirings.push(...(await Promise.all(Array.from({ length: 100 }, () => wire(tunnel)))));
  }
  assert.ok(descriptors() >= before + 4 * 2000);
  for (let round = 0; round < 3; round += 1) {
    await Promise.all(
      wirings.map(async ({ client, server }, at) => {
        client.write(`request ${at}`.padEnd(100));
        assert.equal(await takeText(server, 100), `request ${at}`.padEnd(100));
        server.write(`response ${at}`.padEnd(200));
        assert.equal(await takeText(client, 200), `response ${at}`.padEnd(200));
      }),
    );
  }
  await Promise.all(
    wirings.map(async ({ client, server, node, closed }, at) => {
      client.resume();
      server.resume();
      if (at % 4 === 0) node.abort('drain');
      else if (at % 4 === 1) client.resetAndDestroy();
      else client.end();
      if (at % 4 >= 2) server.end();
      await closed;
      client.destroy();
      server.destroy();
    }),
  );
  await until(() => descriptors() <= before);
});
