/** Where a stream begins and ends: SYN, RST, FIN, ports that are used again. */

import { A, type AttackCase, asked, B, D, ended, expect, length, open, refused, sawA, send, thenB } from './steps.ts';

const lost = { badSum: true, stay: true } as const;
const bare = (flags: string, how: object = {}) => send('', { flags, stay: true, ...how });
/** In the tap's eyes the next byte, were this SYN the beginning. */
const beforeNext = { alone: true, flags: 'S' } as const;

const syns: readonly AttackCase[] = [
  { name: 'data on the SYN', steps: [open({ data: D }), send(A, { at: 0 }), send(D, { at: length }), refused] },
  {
    name: 'an allowed request on the SYN, other bytes in its place',
    steps: [open({ data: A }), send(D, { at: 0 }), refused],
  },
  {
    name: 'Fast Open: a cookie is asked for, data comes with the SYN',
    steps: [open({ data: D, kinds: { mss: 1460, raw: '2202' } }), send(D, { at: 0 }), refused],
  },
  {
    name: 'Fast Open with a made-up cookie',
    steps: [open({ data: D, kinds: { mss: 1460, raw: '220a0102030405060708' } }), send(D, { at: 0 }), refused],
  },
  {
    name: 'data before the SYN-ACK',
    steps: [open({ alone: true, ttl: 1 }), send(D, { at: 0, stay: true }), open(), send(D), refused],
  },
  { name: 'data without any SYN', steps: [send(D, { at: 0x1000 }), send(D, { at: 0x1000, flags: 'P' })] },
  {
    name: 'a SYN that is lost, then one with other numbers',
    steps: [open({ isn: 1000, ttl: 1, alone: true }), open({ isn: 500_000 }), send(A), sawA, send(D), refused],
  },
  {
    name: 'a second SYN with other numbers before the answer is acknowledged',
    steps: [open({ isn: 1000 }), open({ isn: 500_000, alone: true }), open({ isn: 1000, alone: true })],
  },
  {
    name: 'a SYN in the middle of a connection',
    steps: [...asked, bare('S', { at: length - 1 }), send(D), refused, ...thenB],
  },
  {
    name: 'a SYN in the middle, lost, and a denied request where it begins',
    steps: [
      ...asked,
      bare('S', { at: 5000, ttl: 1 }),
      send(D, { at: 5001, stay: true }),
      bare('S', { at: 5000, badSum: true }),
      send(D, { at: 5001, stay: true }),
      ...thenB,
    ],
  },
  {
    name: 'a SYN in the middle behind the window',
    steps: [...asked, bare('S', { at: 0x20000000 }), send(D, { at: 0x20000001, stay: true }), ...thenB],
  },
  {
    name: 'a SYN in the middle with a denied request on it',
    steps: [...asked, send(D, { flags: 'S', stay: true }), send(D, { flags: 'SPA', stay: true }), ...thenB],
  },
  {
    name: 'SYN with FIN',
    steps: [open({ flags: 'SF', alone: true }), send(D, { at: 0, stay: true }), open(), send(D), refused],
  },
  {
    name: 'SYN with RST',
    steps: [open({ flags: 'SR', alone: true }), send(D, { at: 0, stay: true }), open(), send(D), refused],
  },
  { name: 'SYN with URG', steps: [open({ flags: 'SU', urgent: 4 }), send(D), refused] },
  {
    name: 'a SYN-ACK instead of a SYN',
    steps: [open({ flags: 'SA', alone: true }), send(D, { at: 0, stay: true }), open(), send(D), refused],
  },
  {
    name: 'no flags, all flags',
    steps: [
      ...asked,
      send(D, { flags: '', stay: true }),
      send(D, { flags: 'FSRPAUEC', stay: true }),
      send(D, { flags: 'FPU', stay: true }),
      ...thenB,
    ],
  },
  {
    name: 'the SYN again with a denied request behind it',
    steps: [open(), bare('S', { at: -1 }), send(D, { at: 0 }), refused],
  },
  {
    name: 'a SYN whose last option is cut',
    steps: [
      open({ kinds: { mss: 1460, raw: '080a0000' }, alone: true }),
      send(D, { at: 0, stay: true }),
      open(),
      send(D),
      refused,
    ],
  },
];

const resets: readonly AttackCase[] = [
  { name: 'an RST in the window that is not exact', steps: [...asked, bare('R', { at: length + 10 }), send(D)] },
  { name: 'an RST below the window', steps: [...asked, bare('R', { at: 3 }), send(D, { stay: true }), refused] },
  { name: 'an RST beyond the window', steps: [...asked, bare('R', { at: 0x20000000 }), send(D), refused] },
  { name: 'an RST that is lost, then a denied request', steps: [...asked, bare('R', lost), send(D)] },
  {
    name: 'an RST that is lost, then a SYN that is lost, then a denied request',
    steps: [
      ...asked,
      bare('R', lost),
      bare('S', { at: length - 1, ...lost }),
      send(D, { stay: true }),
      bare('S', { at: length - 1 }),
      send(D),
    ],
  },
  {
    name: 'an RST that is lost by TTL, then a SYN',
    steps: [
      ...asked,
      bare('R', { ttl: 1 }),
      bare('S', { at: length - 1 }),
      bare('S', { at: 90_000 }),
      send(D, { at: 90_001, stay: true }),
      send(D),
    ],
  },
  { name: 'an RST with a denied request in it', steps: [...asked, send(D, { flags: 'RA', stay: true }), ...thenB] },
  { name: 'an RST, then a denied request', steps: [...asked, bare('R'), send(D), bare('A')] },
  {
    name: 'ports used again after an RST',
    steps: [...asked, bare('R'), open({ isn: 0x5000 }), send(A), sawA, send(D), refused, ...thenB],
  },
  {
    name: 'ports used again after an RST, with old numbers',
    steps: [
      ...asked,
      bare('R'),
      open({ isn: 0x5000 }),
      send(D, { at: 0x10000000 }),
      send(D),
      send(D, { at: 0 }),
      refused,
    ],
  },
  {
    name: "a reset in the server's name",
    steps: [...asked, send('', { forge: length, flags: 'RA' }), send(D), refused],
  },
];

const fins: readonly AttackCase[] = [
  { name: 'a denied request with a FIN', steps: [...asked, send(D, { flags: 'FPA' })] },
  {
    name: 'an allowed request with a FIN, then a denied one',
    steps: [...asked, send(B, { flags: 'FPA' }), expect('saw /public/b'), send(D), send(D, { at: 2 * length })],
  },
  { name: 'a FIN that is lost, a denied request in its place', steps: [...asked, bare('FA', lost), send(D)] },
  {
    name: 'a FIN that is lost, a denied request behind it',
    steps: [...asked, bare('FA', lost), send(D, { at: length + 1, stay: true }), send(B)],
  },
  { name: 'a FIN beyond a gap', steps: [...asked, bare('FA', { at: length + 500 }), send(D, { stay: true }), refused] },
  { name: 'a FIN of old', steps: [...asked, bare('FA', { at: 3 }), send(D, { stay: true }), refused] },
  {
    name: 'closed by both, then a denied request',
    steps: [...asked, send('', { flags: 'FA' }), ended, send(D), send(D, { at: length })],
  },
  {
    name: 'closed by both, ports used again',
    steps: [
      ...asked,
      send('', { flags: 'FA' }),
      ended,
      open({ isn: 0x60000000 }),
      send(A),
      sawA,
      send(D),
      refused,
      ...thenB,
    ],
  },
  {
    name: 'closed by both, then a SYN that is lost, then a denied request',
    steps: [
      ...asked,
      send('', { flags: 'FA' }),
      ended,
      open({ isn: 0x60000000, badSum: true, alone: true }),
      send(D, { at: 0 }),
    ],
  },
];

export const handshakeCases: readonly AttackCase[] = [
  ...syns,
  ...resets,
  ...fins,
  { name: 'a SYN alone', steps: [open(beforeNext), send(D, { at: 0 })] },
  { name: 'urgent data', steps: [...asked, send(D, { flags: 'UPA', urgent: 1 })] },
  {
    name: 'an allowed request, one byte of which is urgent',
    steps: [...asked, send(B, { flags: 'UPA', urgent: 6 })],
    allowed: [A, B],
  },
];
