/** 10,000 requests over bad networks of many kinds. */

import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { askOverBadNetwork, describeNetwork } from './bad-network.ts';
import { families } from './topology.ts';

/** A few of TCP's own time-outs in a row: 1 s and 2 s for a lost SYN, 0.2 s and more for the rest. */
const load = { connections: 50, requestsEach: 25, longestMs: 6_000 };

const skip = existsSync('/dev/net/tun') ? false : 'kernel feature missing: tun';

for (const family of families) {
  for (const [bad, client, server] of [
    ['client', 1500, 1500],
    ['client', family === 4 ? 576 : 1280, 9000],
    ['server', 1500, 1500],
    ['server', 9000, family === 4 ? 576 : 1280],
  ] as const) {
    const network = { bad, client, server, family };
    test(describeNetwork(network), { skip }, (t) => askOverBadNetwork(t, network, load));
  }
}
