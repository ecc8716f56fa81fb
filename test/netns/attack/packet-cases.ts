/** What lies around the TCP segment: IP options, fragments, checksums, addresses. */

import { A, type AttackCase, asked, B, D, length, open, refused, send, thenB } from './steps.ts';

const again = { stay: true } as const;
const lost = { badSum: true, stay: true } as const;
/** Record route, and no-operation. */
const route = '07070400000000' + '01';
const sourceRoute = '83070400000000' + '01';

/** With letters that are exchanged until a sum is right. */
const padded = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: api\r\nX-Pad: ${'a'.repeat(24)}\r\n\r\n`;

export const packetCases: readonly AttackCase[] = [
  {
    name: 'a path that changes where the checksum is finished',
    steps: [...asked, { do: 'rewrite', data: padded('/public/xx/s'), becomes: padded('/public/../s') }, ...thenB],
  },
  { name: 'IP options on a denied request', steps: [...asked, send(D, { ipOptions: route, ...again }), ...thenB] },
  {
    name: 'IP options on the bytes that come again',
    steps: [...asked, send(B, lost), send(D, { ipOptions: '01010101', ...again }), ...thenB],
  },
  { name: 'a source route', steps: [...asked, send(D, { ipOptions: sourceRoute, ...again }), ...thenB] },
  {
    name: 'IP options on the SYN',
    steps: [open({ ipOptions: '01010101', alone: true }), send(D, { at: 0, ...again }), open(), send(D), refused],
  },
  { name: 'a denied request in two fragments', steps: [...asked, send(D, { fragments: [40], ...again }), ...thenB] },
  { name: 'an allowed request in two fragments', steps: [...asked, send(B, { fragments: [40], ...again }), ...thenB] },
  { name: 'fragments backwards', steps: [...asked, send(D, { fragments: [40], backwards: true, ...again }), ...thenB] },
  { name: 'fragments that overlap', steps: [...asked, send(D, { fragments: [48], overlap: 8, ...again }), ...thenB] },
  { name: 'a TCP header in fragments', steps: [...asked, send(D, { fragments: [8, 16], ...again }), ...thenB] },
  {
    name: 'a SYN in fragments',
    steps: [open({ fragments: [16], alone: true }), send(D, { at: 0, ...again }), open(), send(D), refused],
  },
  { name: 'a denied request with a bad checksum', steps: [...asked, send(D, lost), ...thenB.slice(0, 1)] },
  {
    name: 'acknowledges what the server has not sent',
    steps: [...asked, send(D, { ack: 5000, ...again }), send(D), refused],
  },
  {
    name: 'acknowledges what is long gone',
    steps: [...asked, send(D, { ack: -0x40000000, ...again }), send(D), refused],
  },
  {
    name: 'closes its own window, then a denied request',
    steps: [
      ...asked,
      send('', { flags: 'A', window: 0 }),
      send(D, { window: 0 }),
      send('', { flags: 'A' }),
      refused,
      ...thenB,
    ],
  },
  {
    name: 'a denied request with an MD5 signature',
    steps: [...asked, send(D, { options: `1312${'00'.repeat(16)}`, ...again })],
  },
  {
    name: 'an MPTCP data sequence that maps elsewhere',
    steps: [...asked, send(B, { options: '1e14200500000000000000000000000000000000', stay: true }), ...thenB],
  },
  {
    name: 'timestamps of the past: the server drops it, other bytes again',
    steps: [...asked, send(B, { options: '080a0000000100000000', stay: true }), send(D, again), ...thenB],
  },
  { name: "in the server's name to the client", steps: [...asked, send(D, { forge: length, flags: 'PA' }), ...thenB] },
  {
    name: 'ECN bits on a denied request',
    steps: [...asked, send(D, { ecn: 3, flags: 'ECPA', reserved: 1 }), refused, ...thenB],
  },
  {
    name: "ACKs in the server's name for a lost request, then another in its place",
    steps: [
      ...asked,
      send(B, lost),
      send('', { forge: 2 * length, flags: 'A' }),
      send('', { forge: 2 * length, flags: 'FA' }),
      send(D, again),
      ...thenB,
    ],
    allowed: [A, B],
  },
];
