/** The short form of bad-network.soak.ts. */

import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { askOverBadNetwork, describeNetwork } from './bad-network.ts';

/** A connection that stands still has 30 s before its client gives up; this is about those, on a machine that may be busy. */
const load = { connections: 32, requestsEach: 12, longestMs: 20_000 };

const skip = existsSync('/dev/net/tun') ? false : 'kernel feature missing: tun';

for (const network of [
  { bad: 'server', client: 1500, server: 1500, family: 4 },
  { bad: 'client', client: 1500, server: 9000, family: 6 },
] as const) {
  test(describeNetwork(network), { skip }, (t) => askOverBadNetwork(t, network, load));
}
