/** The original is lost on purpose, and other bytes are "retransmitted"; overlaps and gaps. */

import {
  A,
  type AttackCase,
  asked,
  B,
  D,
  expect,
  fill,
  length,
  open,
  post,
  refused,
  sawA,
  send,
  thenB,
} from './steps.ts';

const half = 20;
const lost = { badSum: true, stay: true } as const;
const again = { stay: true } as const;

const large = post('/public/l', 'l'.repeat(1300));
const resume = 'GET /public/resume HTTP/1.1\r\nHost: api\r\n\r\n';
const stall = 'GET /public/stall HTTP/1.1\r\nHost: api\r\n\r\n';
const upload = post('/public/u', 'x'.repeat(100));
const uploadHead = upload.length - 100;
const changed = post('/public/u', 'x'.repeat(50) + D + 'x'.repeat(50 - D.length));

const losses: readonly AttackCase[] = [
  {
    name: 'lost by TTL, other bytes again',
    steps: [...asked, send(B, { ttl: 1, stay: true }), send(D, again), send(B)],
  },
  { name: 'lost by a bad checksum, other bytes again', steps: [...asked, send(B, lost), send(D, again), ...thenB] },
  {
    name: 'lost by a closed window, other bytes again',
    allowed: [A, B, stall, resume, large],
    steps: [
      open(),
      send(stall),
      expect('saw /public/stall'),
      fill(large),
      send(D, again),
      // Somebody else opens the window.
      { do: 'aside', data: resume, text: 'saw /public/resume' },
      send(D, again),
      send(large),
      expect('saw /public/l'),
      ...thenB,
    ],
  },
  {
    name: 'lost, its second half again with other bytes',
    steps: [...asked, send(B, lost), send(D.slice(half), { at: length + half, stay: true }), ...thenB],
  },
  {
    name: 'lost, its first half again with other bytes',
    steps: [...asked, send(B, lost), send(D.slice(0, half), again), ...thenB],
  },
  { name: 'lost, again as it was', steps: [...asked, send(B, lost), ...thenB] },
  { name: 'lost, again with a denied one behind it', steps: [...asked, send(B, lost), send(B + D, again), ...thenB] },
  {
    name: 'lost, a denied one behind it first',
    steps: [...asked, send(B, lost), send(D, { at: 2 * length }), send(B, { at: length })],
  },
  {
    name: 'lost, again over and over with other bytes',
    steps: [...asked, send(B, lost), send(D, again), send(D, again), send(D, again), send(D, again)],
  },
  {
    name: "lost, an ACK in the server's name, other bytes again",
    steps: [...asked, send(B, lost), send('', { forge: 2 * length, flags: 'A' }), send(D, again), ...thenB],
  },
  {
    name: 'lost, other bytes again with a FIN',
    steps: [...asked, send(B, lost), send(D, { flags: 'FPA', stay: true }), ...thenB],
  },
  {
    name: 'lost, other bytes again as urgent',
    steps: [...asked, send(B, lost), send(D, { flags: 'UPA', urgent: length, stay: true }), ...thenB],
  },
  {
    name: 'lost, other bytes again without an ACK',
    steps: [...asked, send(B, lost), send(D, { flags: 'P', stay: true }), ...thenB],
  },
  {
    name: 'the first request is lost, other bytes again',
    steps: [open(), send(A, lost), send(D, again), send(A), sawA, ...thenB],
  },
  {
    name: 'denied, again and again',
    steps: [...asked, send(D), send(D, { at: length }), refused, send(D, { at: length }), ...thenB],
  },
  { name: 'denied and lost, then allowed', steps: [...asked, send(D, lost), send(B)] },
  { name: 'acknowledged, then other bytes in its place', steps: [...asked, send(D, { at: 0 }), ...thenB] },
];

const overlaps: readonly AttackCase[] = [
  {
    name: 'begins before the next byte',
    steps: [...asked, send(A.slice(-5) + D, { at: length - 5, stay: true }), ...thenB],
  },
  {
    name: 'begins one byte before the next',
    steps: [...asked, send(`\n${D}`, { at: length - 1, stay: true }), ...thenB],
  },
  { name: 'old bytes and all of a denied request', steps: [...asked, send(A + D, { at: 0, stay: true }), ...thenB] },
  {
    name: 'begins within the head and goes beyond it',
    steps: [...asked, send(B, lost), send(B.slice(half) + D, { at: length + half, stay: true }), ...thenB],
  },
  {
    name: 'one byte of garbage as a keep-alive',
    steps: [...asked, send('X', { at: length - 1, stay: true }), ...thenB],
  },
  {
    name: 'a body again, with other bytes',
    allowed: [A, B, upload, changed],
    steps: [
      ...asked,
      send(upload, lost),
      send(changed.slice(uploadHead), { at: length + uploadHead, stay: true }),
      send(upload),
      expect('saw /public/u'),
      ...thenB,
    ],
  },
  {
    name: 'the end of a body again, and a denied request behind it',
    allowed: [A, B, upload],
    steps: [
      ...asked,
      send(upload, lost),
      send(`xxxxx${D}`, { at: length + upload.length - 5, stay: true }),
      send(upload),
      expect('saw /public/u'),
      ...thenB,
    ],
  },
];

const gaps: readonly AttackCase[] = [
  {
    name: 'a denied request behind a gap that is filled',
    steps: [...asked, send(D, { at: 2 * length, stay: true }), ...thenB],
  },
  {
    name: 'the second half first',
    steps: [...asked, send(D.slice(half), { at: length + half, stay: true }), send(D.slice(0, half), again), send(B)],
  },
  {
    name: 'one byte is missing',
    steps: [...asked, send(D.slice(1), { at: length + 1, stay: true }), send(D.slice(0, 1), again), send(B)],
  },
  { name: 'a denied request far ahead', steps: [...asked, send(D, { at: length + 8000, stay: true }), ...thenB] },
  {
    name: 'a denied request two thousand million bytes ahead',
    steps: [...asked, send(D, { at: length + 0x7fffffff, stay: true }), ...thenB],
  },
  {
    name: 'a denied request two thousand million bytes back',
    steps: [...asked, send(D, { at: length + 0x80000000, stay: true }), ...thenB],
  },
];

export const retransmissionCases: readonly AttackCase[] = [...losses, ...overlaps, ...gaps];
