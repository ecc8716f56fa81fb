/** All crafted packets, case by case; each case begins on a port of its own. */

import { handshakeCases } from './handshake-cases.ts';
import { packetCases } from './packet-cases.ts';
import { retransmissionCases } from './retransmission-cases.ts';
import { splitCases } from './split-cases.ts';
import type { AttackCase } from './steps.ts';
import { unusualCases } from './unusual-cases.ts';

export const attackCases: readonly AttackCase[] = [
  ...retransmissionCases,
  ...splitCases,
  ...handshakeCases,
  ...packetCases,
  // Last, so that what an attack brings about late has come when the server's bytes are looked at.
  ...unusualCases,
];
