/** Where requests begin and end: several in a segment, one in several, bodies of another length than declared. */

import {
  A,
  type AttackCase,
  asked,
  B,
  D,
  expect,
  length,
  open,
  post,
  refused,
  sawA,
  sawB,
  send,
  thenB,
} from './steps.ts';

const half = 20;
const sawP = expect('saw /public/p');
const body = post('/public/p', '0123456789');
const bodyOfDenied = post('/public/p', D);
const shorter = post('/public/p', '01234', 10);
const filled = post('/public/p', `01234${D.slice(0, 5)}`);
/** Where the next request begins. */
const behind = { at: length + body.length };
const zero = post('/public/p', '');

const bytes = (text: string) => Array.from(text).map((one) => send(one));

export const splitCases: readonly AttackCase[] = [
  {
    name: 'an allowed head in two segments',
    steps: [...asked, send(B.slice(0, half)), send(B.slice(half)), sawB, send(A), sawA],
  },
  {
    name: 'a denied head in two segments',
    steps: [...asked, send(D.slice(0, half)), send(D.slice(half)), refused, ...thenB],
  },
  { name: 'a denied head byte by byte', steps: [...asked, ...bytes(D), refused, ...thenB] },
  {
    name: 'an allowed beginning, lost, then a denied end',
    steps: [
      ...asked,
      send(B.slice(0, half), { badSum: true, stay: true }),
      send(D.slice(0, half)),
      send(D.slice(half)),
    ],
  },
  {
    name: 'a split head whose first half is sent again with other bytes',
    steps: [
      ...asked,
      send(B.slice(0, half)),
      send(D.slice(0, half), { at: length }),
      send(D.slice(half), { at: length + half }),
    ],
  },
  { name: 'two allowed in one segment', steps: [...asked, send(A + B), sawA, sawB] },
  {
    name: 'a denied one behind an allowed one in one segment',
    steps: [...asked, send(B + D), sawB, refused, send(A), sawA],
  },
  { name: 'an allowed one behind a denied one in one segment', steps: [...asked, send(D + B), refused, sawB] },
  {
    name: 'a denied one pipelined',
    steps: [open(), send(A), send(D), sawA, send(D, { at: length }), refused, ...thenB],
  },
  {
    name: 'a denied one pipelined, without acknowledging the answer',
    steps: [open(), send(A), send(D, { ack: 0, stay: true }), send(D, { ack: -1, stay: true }), sawA],
  },
  {
    name: 'a denied head without its end, and an allowed one',
    steps: [...asked, send(D.slice(0, -2)), send(B), send('\r\n')],
  },
  { name: 'a body as declared', allowed: [A, B, body], steps: [...asked, send(body), sawP, ...thenB] },
  {
    name: 'a body in segments of its own',
    allowed: [A, B, body],
    steps: [...asked, send(body.slice(0, -10)), send('01234'), send('56789'), sawP, ...thenB],
  },
  { name: 'a denied request behind a body in its segment', allowed: [A, B, body], steps: [...asked, send(body + D)] },
  {
    name: 'a denied request behind the rest of a body',
    allowed: [A, B, body],
    steps: [...asked, send(body.slice(0, -5)), send(`56789${D}`)],
  },
  {
    name: 'an allowed request behind the rest of a body',
    allowed: [A, B, body],
    steps: [...asked, send(body.slice(0, -5)), send(`56789${B}`, { stay: true }), sawP, send(B, behind), sawB],
  },
  {
    name: 'a denied request behind the rest of a body, again alone',
    allowed: [A, B, body],
    steps: [...asked, send(body.slice(0, -5)), send(`56789${B}`, { stay: true }), sawP, send(D, behind), refused],
  },
  {
    name: 'a denied request behind a body in the next segment',
    allowed: [A, B, body],
    steps: [...asked, send(body), sawP, send(D), refused, ...thenB],
  },
  {
    name: 'a body that reads like a denied request',
    allowed: [A, B, bodyOfDenied],
    steps: [...asked, send(bodyOfDenied), sawP, ...thenB],
  },
  {
    name: 'a body that is too short takes the next request',
    allowed: [A, B, filled],
    steps: [...asked, send(shorter), send(D.slice(0, 5)), sawP, ...thenB],
  },
  { name: 'a denied request that overruns a body', allowed: [A, B, filled], steps: [...asked, send(shorter), send(D)] },
  {
    name: 'a declared body of nothing, and a denied request',
    allowed: [A, B, zero],
    steps: [...asked, send(zero), sawP, send(D), refused, ...thenB],
  },
  {
    name: 'two lengths',
    steps: [...asked, send(body.replace('Content', 'Content-Length: 0\r\nContent') + D), expect('400')],
  },
  {
    name: 'chunks and a length',
    steps: [...asked, send(body.replace('Content', 'Transfer-Encoding: chunked\r\nContent') + D), expect('400')],
  },
  { name: 'bare line feeds', steps: [...asked, send(`${B.replaceAll('\r', '')}${D}`), expect('400')] },
  {
    name: 'a body longer than 2^32 and a denied request that looks like one',
    allowed: [A, B],
    steps: [
      ...asked,
      send(`GET /public/b HTTP/1.1\r\nHost: api\r\nContent-Length: 4294967296\r\n\r\n${D}`, { ttl: 1, stay: true }),
      send(D, { stay: true }),
    ],
  },
];
