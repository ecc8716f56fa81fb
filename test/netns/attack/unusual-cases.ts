/** TCP that is unusual and must work: allowed requests pass, denied ones are refused, the connection goes on. */

import {
  A,
  type AttackCase,
  B,
  D,
  expect,
  length,
  open,
  post,
  refused,
  type Step,
  type SynOptions,
  sawA,
  sawB,
  send,
  thenB,
} from './steps.ts';

const asks: readonly Step[] = [send(A), sawA, send(B), sawB, send(D), refused, ...thenB];
const upload = post('/public/u', 'u'.repeat(300));

const kinds: Readonly<Record<string, SynOptions>> = {
  'no options at all': {},
  'a segment size alone': { mss: 1460 },
  'no timestamps': { mss: 1460, sack: true, scale: 7 },
  'no selective acknowledgements': { mss: 1460, times: true, scale: 7 },
  'no window scaling': { mss: 1460, sack: true, times: true },
  'a scale of nothing': { mss: 1460, scale: 0 },
  'a scale that is too large': { mss: 1460, scale: 200 },
  'tiny segments': { mss: 88 },
  'segments of 64 bytes with timestamps': { mss: 64, times: true, sack: true },
  'segments of one byte': { mss: 1 },
  'huge segments': { mss: 65535, sack: true },
  'an MPTCP offer': { mss: 1460, raw: '1e0c00810102030405060708' },
  'a cookie is asked for': { mss: 1460, raw: '2202' },
  'an unknown option': { mss: 1460, raw: 'fd04abcd' },
};

const isn: Readonly<Record<string, number>> = {
  'numbers begin at nothing': 0xffffffff,
  'numbers come round within the first head': 0x1_0000_0000 - 10,
  'numbers come round where the first head ends': 0x1_0000_0000 - 1 - length,
  'numbers come round within the denied head': 0x1_0000_0000 - 1 - 2 * length - 10,
  'numbers pass 2^31 within the first head': 0x8000_0000 - 10,
};

export const unusualCases: readonly AttackCase[] = [
  { name: 'as usual', steps: [open(), ...asks] },
  { name: 'denied at once', steps: [open(), send(D), refused, send(A), sawA] },
  ...Object.entries(kinds).map(([name, one]) => ({ name, steps: [open({ kinds: one }), ...asks] })),
  ...Object.entries(isn).map(([name, one]) => ({ name, steps: [open({ isn: one }), ...asks] })),
  {
    name: 'numbers come round within a body',
    allowed: [A, B, upload],
    steps: [
      open({ isn: 0x1_0000_0000 - upload.length + 100 }),
      send(upload.slice(0, -150)),
      send(upload.slice(-150)),
      expect('saw /public/u'),
      ...asks,
    ],
  },
  {
    name: 'numbers come round, lost, other bytes again',
    steps: [open({ isn: 0x1_0000_0000 - 10 }), send(A, { badSum: true, stay: true }), send(D, { stay: true }), ...asks],
  },
  {
    name: 'ECN',
    steps: [
      open({ flags: 'SEC' }),
      send(A, { ecn: 2 }),
      sawA,
      send(B, { ecn: 1, flags: 'PAC' }),
      sawB,
      send(D, { ecn: 3 }),
      refused,
      ...thenB,
    ],
  },
  {
    name: 'accurate ECN',
    steps: [
      open({ flags: 'SEC', reserved: 1 }),
      send(A, { ecn: 1, reserved: 1 }),
      sawA,
      send(D, { reserved: 1 }),
      refused,
      ...thenB,
    ],
  },
  { name: 'without PSH', steps: [open(), send(A, { flags: 'A' }), sawA, send(D, { flags: 'A' }), refused, ...thenB] },
];
