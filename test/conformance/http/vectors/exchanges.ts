/** What follows a head: bodies where none belongs, Upgrade, Expect, the next request. */

import { forbidden, named, post, request, type Vector } from './vector.ts';

const bodies = named('a body where none is expected', [
  [
    'GET with a length',
    request('GET /allowed/x HTTP/1.1', ['Host: origin', `Content-Length: ${forbidden.length}`], forbidden),
  ],
  [
    'GET with chunks',
    request(
      'GET /allowed/x HTTP/1.1',
      ['Host: origin', 'Transfer-Encoding: chunked'],
      `30\r\n${forbidden}\r\n0\r\n\r\n`,
    ),
  ],
  ['GET without a length', request('GET /allowed/x HTTP/1.1', ['Host: origin'], forbidden)],
  [
    'denied with a length',
    request('GET /forbidden/d HTTP/1.1', ['Host: origin', `Content-Length: ${forbidden.length}`], forbidden),
  ],
  [
    'denied with chunks',
    request(
      'POST /forbidden/d HTTP/1.1',
      ['Host: origin', 'Transfer-Encoding: chunked'],
      `30\r\n${forbidden}\r\n0\r\n\r\n${forbidden}`,
    ),
  ],
  [
    'HTTP/1.0 with chunks',
    request('POST /allowed/x HTTP/1.0', ['Host: origin', 'Transfer-Encoding: chunked'], `0\r\n\r\n${forbidden}`),
  ],
  ['HTTP/1.0 pipelined', request('GET /allowed/x HTTP/1.0', ['Host: origin', 'Connection: keep-alive']) + forbidden],
  ['after Connection: close', request('GET /allowed/x HTTP/1.1', ['Host: origin', 'Connection: close']) + forbidden],
]);

const upgrades = named('Upgrade and Expect', [
  [
    'h2c',
    request('GET /allowed/x HTTP/1.1', [
      'Host: origin',
      'Connection: Upgrade, HTTP2-Settings',
      'Upgrade: h2c',
      'HTTP2-Settings: AAMAAABkAAQAAP__',
    ]) + forbidden,
  ],
  ['h2c without Connection', request('GET /allowed/x HTTP/1.1', ['Host: origin', 'Upgrade: h2c']) + forbidden],
  [
    'websocket declined',
    request('GET /allowed/x HTTP/1.1', ['Host: origin', 'Connection: Upgrade', 'Upgrade: websocket']) + forbidden,
  ],
  [
    'websocket with a body',
    request(
      'POST /allowed/x HTTP/1.1',
      ['Host: origin', 'Connection: Upgrade', 'Upgrade: websocket', 'Content-Length: 48'],
      forbidden,
    ),
  ],
  [
    'websocket and h2c',
    request('GET /allowed/x HTTP/1.1', ['Host: origin', 'Connection: Upgrade', 'Upgrade: websocket, h2c']) + forbidden,
  ],
  [
    'two Upgrades',
    request('GET /allowed/x HTTP/1.1', ['Host: origin', 'Connection: Upgrade', 'Upgrade: websocket', 'Upgrade: h2c']) +
      forbidden,
  ],
  [
    'Expect with a body that is no body',
    request('POST /allowed/x HTTP/1.1', ['Host: origin', 'Expect: 100-continue', 'Content-Length: 0']) + forbidden,
  ],
  [
    'denied Expect',
    request('POST /forbidden/e HTTP/1.1', ['Host: origin', 'Expect: 100-continue', 'Content-Length: 48'], forbidden),
  ],
  [
    'an unknown Expect',
    request('POST /allowed/x HTTP/1.1', ['Host: origin', 'Expect: 200-ok', 'Content-Length: 48'], forbidden),
  ],
  [
    'Connection names Content-Length',
    request(
      'POST /allowed/x HTTP/1.1',
      ['Host: origin', 'Connection: Content-Length', 'Content-Length: 48'],
      forbidden,
    ),
  ],
  ['the preface of HTTP/2, then HTTP/1.1', `PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n${forbidden}`],
  ['half the preface of HTTP/2', `PRI * HTTP/2.0\r\n\r\n${forbidden}`],
]);

const pipelines = named('pipelined', [
  ['allowed, then forbidden', request('GET /allowed/1 HTTP/1.1', ['Host: origin']) + forbidden],
  ['forbidden, then allowed', forbidden + request('GET /allowed/1 HTTP/1.1', ['Host: origin'])],
  [
    'allowed, forbidden, allowed',
    request('GET /allowed/1 HTTP/1.1', ['Host: origin']) +
      forbidden +
      request('GET /allowed/2 HTTP/1.1', ['Host: origin']),
  ],
  ['100 forbidden', forbidden.repeat(100)],
  ['a body, then forbidden', post(['Content-Length: 3'], 'abc') + forbidden],
  ['chunks, then forbidden', post(['Transfer-Encoding: chunked'], '3\r\nabc\r\n0\r\n\r\n') + forbidden],
  ['HEAD, then forbidden', request('HEAD /allowed/1 HTTP/1.1', ['Host: origin']) + forbidden],
]);

export const exchanges: readonly Vector[] = [...bodies, ...upgrades, ...pipelines];
