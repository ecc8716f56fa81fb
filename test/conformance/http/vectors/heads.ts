/** What a head says: request line, path, Host, line ends (RFC 9112 sections 2, 3 and 5). */

import { forbidden, named, request, shown, type Vector } from './vector.ts';

const requestLines = named(
  'a request line',
  [
    'GET  /forbidden/a HTTP/1.1',
    'GET /forbidden/a  HTTP/1.1',
    'GET\t/forbidden/a HTTP/1.1',
    'GET /forbidden/a\tHTTP/1.1',
    ' GET /forbidden/a HTTP/1.1',
    'GET /forbidden/a',
    'GET /forbidden/a HTTP/0.9',
    'GET /forbidden/a HTTP/1.2',
    'GET /forbidden/a HTTP/2.0',
    'GET /forbidden/a http/1.1',
    'GET /forbidden/a HTTP/1.1 ',
    'GET /forbidden/a HTTP/01.1',
    'GET /forbidden/a HTTP/1.10',
    'GET /forbidden/a HTTP/1,1',
    'GET /forbidden/a HTTP 1.1',
    'GET /forbidden/a HTTPS/1.1',
    'get /forbidden/a HTTP/1.1',
    'G\x00ET /forbidden/a HTTP/1.1',
    'GET\x0b/forbidden/a HTTP/1.1',
    'GET /allowed/x HTTP/1.1 /forbidden/a HTTP/1.1',
    'GET /allowed/x /forbidden/a HTTP/1.1',
    'GET /forbidden/a?/allowed/x HTTP/1.1',
    'GET /forbidden/a#/allowed/x HTTP/1.1',
    'GET http://origin/forbidden/a HTTP/1.1',
    'GET http://origin/allowed/../forbidden/a HTTP/1.1',
    'GET //origin/forbidden/a HTTP/1.1',
    'GET /forbidden\x00/allowed/ HTTP/1.1',
    'GET forbidden/a HTTP/1.1',
    'GET *forbidden HTTP/1.1',
    'OPTIONS * HTTP/1.1',
    'CONNECT /forbidden/a HTTP/1.1',
    'CONNECT origin:80 HTTP/1.1',
    'TRACE /forbidden/a HTTP/1.1',
    'PRI * HTTP/2.0',
    'PUT /allowed/forbidden HTTP/1.1',
    'POST\r\n /forbidden/a HTTP/1.1',
    'GET /forb\xefdden HTTP/1.1',
    'GET /forbidden/\xe9 HTTP/1.1',
  ].map((line) => [shown(line), request(line, ['Host: origin'])] as const),
);

/** Allowed as they stand, forbidden once somebody has resolved them. */
const paths = named(
  'a path',
  [
    '/allowed/../forbidden/p',
    '/allowed/./../forbidden/p',
    '/allowed/%2e%2e/forbidden/p',
    '/allowed/%2E%2E/forbidden/p',
    '/allowed/.%2e/forbidden/p',
    '/allowed/%2e./forbidden/p',
    '/allowed/..%2fforbidden/p',
    '/allowed/..%2Fforbidden/p',
    '/allowed/%2e%2e%2fforbidden/p',
    '/allowed/..%5cforbidden/p',
    '/allowed/..\\forbidden/p',
    '/allowed\\..\\forbidden/p',
    '/allowed/%252e%252e/forbidden/p',
    '/allowed/..%252fforbidden/p',
    '/allowed/..;/forbidden/p',
    '/allowed/..;a=b/forbidden/p',
    '/allowed/;/../forbidden/p',
    '/allowed//../forbidden/p',
    '/allowed//../../forbidden/p',
    '/allowed/x/../../forbidden/p',
    '/allowed/%2e%2e;/forbidden/p',
    '/allowed/%00/../forbidden/p',
    '/allowed/..%00/forbidden/p',
    '/allowed/%c0%ae%c0%ae/forbidden/p',
    '/allowed/..%c0%afforbidden/p',
    '/allowed/%u002e%u002e/forbidden/p',
    '/allowed/..%/forbidden/p',
    '/allowed/..%zz/forbidden/p',
    '/allowed/../forbidden',
    '/allowed/..#/forbidden/p',
    '/allowed/..\t/forbidden/p',
    '/allowed/../../forbidden/p',
    '/allowed/%2e%2e/%2e%2e/forbidden/p',
    '/allowed/..%2f..%2fforbidden/p',
    // Outside only for servers of one kind: inside as they are, and inside once all is resolved.
    '/allowed/%2e%2e/forbidden/%252e%252e/allowed/p',
    '/allowed/../forbidden/p//../../allowed/p',
    '/allowed/../forbidden/..%2fallowed/p',
    '/allowed/../forbidden/..%5callowed/p',
    '/allowed/../forbidden/..;/allowed/p',
    '/allowed/%2e%2e/forbidden/..%2f..%2fallowed/p',
    '/allowed/../forbidden/..%20/allowed/p',
  ].map((path) => [shown(path), request(`GET ${path} HTTP/1.1`, ['Host: origin'])] as const),
);

const hosts = named(
  'Host',
  [
    [],
    ['Host: origin', 'Host: other'],
    ['Host: origin', 'Host: origin'],
    ['Host:'],
    ['Host: a, b'],
    ['Host: a b'],
    ['Host: user@origin'],
    ['Host: origin/forbidden'],
    ['Host: origin#x'],
    ['Host: origin?x'],
    ['Host: origin\x00'],
    ['Host : origin'],
    [' Host: origin'],
    ['Host: origin:80:80'],
    ['Host: origin:x'],
    ['Host: [::1'],
    ['Host: \xe9'],
    ['Host: origin\r\n more'],
    ['X: y', ' Host: origin'],
  ].map((fields) => [shown(fields.join('|')), request('GET /forbidden/h HTTP/1.1', fields) + forbidden] as const),
);

const lines = named('line ends and bytes', [
  ['bare LF everywhere', 'GET /forbidden/l HTTP/1.1\nHost: origin\n\n'],
  ['bare LF after a field', `GET /allowed/x HTTP/1.1\r\nHost: origin\nX: y\r\n\r\n${forbidden}`],
  ['bare CR after the request line', `GET /allowed/x HTTP/1.1\rHost: origin\r\r${forbidden}`],
  ['head ends with LF LF', `GET /allowed/x HTTP/1.1\r\nHost: origin\n\n${forbidden}`],
  ['head ends with CRLF LF', `GET /allowed/x HTTP/1.1\r\nHost: origin\r\n\n${forbidden}`],
  ['head ends with CR CR LF', `GET /allowed/x HTTP/1.1\r\nHost: origin\r\r\n\r\n${forbidden}`],
  ['CRLF before the request', `\r\n${forbidden}`],
  ['LF before the request', `\n${forbidden}`],
  ['NUL before the request', `\x00${forbidden}`],
  [
    'folded field hides a request',
    `GET /allowed/x HTTP/1.1\r\nHost: origin\r\nX: y\r\n GET /forbidden/f HTTP/1.1\r\n\r\n`,
  ],
  ['field without colon', 'GET /allowed/x HTTP/1.1\r\nHost: origin\r\nGET /forbidden/f HTTP/1.1\r\n\r\n'],
  ['field without name', `GET /allowed/x HTTP/1.1\r\nHost: origin\r\n: x\r\n\r\n${forbidden}`],
  ['NUL in a value', `GET /allowed/x HTTP/1.1\r\nHost: origin\r\nX: \x00\r\n\r\n${forbidden}`],
  ['DEL in a value', `GET /allowed/x HTTP/1.1\r\nHost: origin\r\nX: \x7f\r\n\r\n${forbidden}`],
  [
    '129 fields',
    request('GET /allowed/x HTTP/1.1', ['Host: origin', ...Array.from({ length: 128 }, (_, i) => `X${i}: y`)]) +
      forbidden,
  ],
  ['head of 40 KiB', request('GET /allowed/x HTTP/1.1', ['Host: origin', `X: ${'y'.repeat(40_000)}`]) + forbidden],
  ['target of 9 KiB', request(`GET /allowed/${'x'.repeat(9_000)} HTTP/1.1`, ['Host: origin']) + forbidden],
]);

/** The rules allow `/role/…` to a user alone; CGI and its heirs make one variable of each of these and of `X-Role`. */
const lookalikes = named(
  'a field that servers may take for X-Role',
  ['X_Role: admin', 'x_role: admin', 'X.Role: admin', 'X!ROLE: admin', 'X_Role:'].flatMap((other) =>
    [['X-Role: user', other], [other, 'X-Role: user'], [other]].map(
      (fields) =>
        [shown(fields.join('|')), request('GET /role/forbidden HTTP/1.1', ['Host: origin', ...fields])] as const,
    ),
  ),
);

export const heads: readonly Vector[] = [...requestLines, ...paths, ...hosts, ...lines, ...lookalikes];
