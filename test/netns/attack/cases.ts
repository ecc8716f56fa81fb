/** Crafted packets, case by case. Each begins on a port of its own; what the server may see is the same for nearly all. */

import { A, type AttackCase, asked, B, D, open, refused, sawA, send, thenB } from './steps.ts';

const half = 20;

/** The original is lost on purpose, other bytes are "retransmitted". */
const retransmissions: readonly AttackCase[] = [
  { name: 'lost by TTL, other bytes again', steps: [...asked, send(B, { ttl: 1, stay: true }), send(D), send(B)] },
  {
    name: 'lost by a bad checksum, other bytes again, then the right ones',
    steps: [...asked, send(B, { badSum: true, stay: true }), send(D, { stay: true }), ...thenB],
  },
  {
    name: 'lost, its second half again with other bytes',
    steps: [...asked, send(B, { badSum: true, stay: true }), send(D.slice(half), { at: A.length + half })],
  },
  {
    name: 'lost, its first half again with other bytes',
    steps: [...asked, send(B, { badSum: true, stay: true }), send(D.slice(0, half), { stay: true }), send(D)],
  },
  { name: 'lost, again as it was', steps: [...asked, send(B, { badSum: true, stay: true }), ...thenB] },
  {
    name: 'lost, again with a denied one behind it',
    steps: [...asked, send(B, { badSum: true, stay: true }), send(B + D, { stay: true }), ...thenB],
  },
  {
    name: 'a denied one, again and again',
    steps: [...asked, send(D), send(D, { at: A.length }), refused, send(D, { at: A.length }), ...thenB],
  },
  {
    name: 'a denied one that is lost, then an allowed one',
    steps: [...asked, send(D, { badSum: true, stay: true }), send(B)],
  },
  { name: 'acknowledged, then again with other bytes', steps: [...asked, send(D, { at: 0 }), ...thenB] },
];

const plain: readonly AttackCase[] = [
  { name: 'allowed, denied, allowed', steps: [...asked, send(D), refused, ...thenB] },
  { name: 'denied at once', steps: [open(), send(D), refused, send(A), sawA] },
];

export const attackCases: readonly AttackCase[] = [...plain, ...retransmissions];
