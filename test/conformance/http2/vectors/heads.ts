/** What a header list says (RFC 9113 sections 8.2 and 8.3). */

import { type Fields, headers } from '../../../unit/http2/wire.ts';
import type { Vector } from '../../http/vectors/vector.ts';
import { allowedPath, forbiddenPath, head, vector } from './request.ts';

const paths = [
  forbiddenPath,
  '/allowed/../forbidden/x',
  '/allowed/%2e%2e/forbidden/x',
  '/allowed/%2E./forbidden/x',
  '/allowed/.%2e/forbidden/x',
  '/allowed/..%2fforbidden/x',
  '/allowed/%2e%2e%2fforbidden/x',
  '/allowed/..\\forbidden/x',
  '/allowed/..%5cforbidden/x',
  '/allowed/..;/forbidden/x',
  '/allowed/..;a=b/forbidden/x',
  '/allowed/./../forbidden/x',
  '/allowed//../../forbidden/x',
  '/allowed/%252e%252e/forbidden/x',
  '/allowed/%c0%ae%c0%ae/forbidden/x',
  '/allowed/%00/../../forbidden/x',
  '/allowed/../../forbidden/x',
  '//forbidden/x',
  '/./forbidden/x',
  '/%66orbidden/forbidden',
  '/Allowed/forbidden',
  '/allowed%2fforbidden',
  '/allowed/\t/forbidden',
  '/allowed/ /forbidden',
  '/allowed/#/../forbidden',
  '/allowed/x HTTP/1.1\r\nHost: origin\r\n\r\nGET /forbidden/x',
  '/allowed/x\r\nforbidden: x',
  '/allowed/x\n/forbidden',
  '/allowed/x\0/forbidden',
  '/allowed/\x80/forbidden',
  '/allowed/\xff/../forbidden',
  'http://origin/forbidden/x',
  'http://allowed/allowed/../forbidden/x',
  'allowed/../forbidden/x',
  'forbidden/x',
  'origin/forbidden',
  '*/forbidden',
  '?/forbidden',
  ' /forbidden/x',
  '/forbidden/allowed/x',
];

const smuggled = `GET ${forbiddenPath} HTTP/1.1\r\nHost: origin\r\n\r\n`;

/** [what, fields]. */
const lists: readonly (readonly [string, Fields])[] = [
  ['a second :path, allowed first', [...head(allowedPath), [':path', forbiddenPath]]],
  ['a second :path, forbidden first', [[':path', forbiddenPath], ...head(allowedPath)]],
  ['a second :path in a row', [...head(allowedPath).slice(0, 3), ...head(forbiddenPath).slice(2)]],
  ['a :path after the fields', [...head(allowedPath, 'GET', ['a', 'b']), [':path', forbiddenPath]]],
  ['a :Path', [...head(allowedPath), [':Path', forbiddenPath]]],
  [':path with a space', [...head(allowedPath), [':path ', forbiddenPath]]],
  ['an empty :path and another', [[':path', ''], ...head(forbiddenPath)]],
  ['a path without its colon', [...head(allowedPath, 'GET', ['path', forbiddenPath])].slice(0, 4)],
  ['a second :method', [[':method', 'GET'], ...head(forbiddenPath, 'GET')]],
  ['no :path', head(forbiddenPath).filter(([name]) => name !== ':path')],
  ['no :method', head(forbiddenPath).filter(([name]) => name !== ':method')],
  ['no :scheme', head(forbiddenPath).filter(([name]) => name !== ':scheme')],
  ['no :authority', head(forbiddenPath).filter(([name]) => name !== ':authority')],
  ['a request line in :method', head(allowedPath, `GET ${forbiddenPath} HTTP/1.1\r\nHost: o\r\n\r\nGET`)],
  ['a space in :method', head(allowedPath, `GET ${forbiddenPath}`)],
  ['a line end in :method', head(allowedPath, 'GET\r\n/forbidden')],
  ['another method', head(forbiddenPath, 'DELETE')],
  ['a lower-case method', head('/allowed/forbidden', 'get')],
  ['PRI', head('/allowed/forbidden', 'PRI')],
  ['an unknown method', head('/allowed/forbidden', 'FORBIDDEN')],
  [
    'a target in :scheme',
    [
      [':method', 'GET'],
      [':scheme', `http://origin${forbiddenPath}?`],
      [':path', allowedPath],
      [':authority', 'origin'],
    ],
  ],
  ['a request in :authority', [...head(allowedPath).slice(0, 3), [':authority', `origin\r\n\r\n${smuggled}`]]],
  ['a path in :authority', [...head('/allowed/forbidden').slice(0, 3), [':authority', 'origin/forbidden?']]],
  ['user information', [...head('/allowed/forbidden').slice(0, 3), [':authority', 'a@origin']]],
  ['two authorities', [...head('/allowed/forbidden'), [':authority', 'other']]],
  ['host that differs', head('/allowed/forbidden', 'GET', ['host', 'other'])],
  ['two hosts', head('/allowed/forbidden', 'GET', ['host', 'origin'], ['host', 'origin'])],
  ['a request in a value', head('/allowed/forbidden', 'GET', ['a', `b\r\n\r\n${smuggled}`])],
  ['a field in a value', head('/allowed/forbidden', 'GET', ['a', 'b\r\ntransfer-encoding: chunked'])],
  ['a line feed in a value', head('/allowed/forbidden', 'GET', ['a', `b\n\n${smuggled}`])],
  ['NUL in a value', head('/allowed/forbidden', 'GET', ['a', 'b\0c'])],
  ['a request in a name', head('/allowed/forbidden', 'GET', [`a: b\r\n\r\n${smuggled}c`, 'd'])],
  ['a colon in a name', head('/allowed/forbidden', 'GET', ['a:b', 'c'])],
  ['an empty name', head('/allowed/forbidden', 'GET', ['', 'c'])],
  ['an upper-case name', head('/allowed/forbidden', 'GET', ['Host', 'other'])],
  ['a space before a value', head('/allowed/forbidden', 'GET', ['a', ' b'])],
  ...['connection', 'keep-alive', 'proxy-connection', 'upgrade', 'http2-settings'].map(
    (name) => [name, head('/allowed/forbidden', 'GET', [name, 'x'])] as const,
  ),
  ...['chunked', 'identity', 'gzip', 'Chunked', 'xchunked'].map(
    (value) =>
      [`transfer-encoding: ${value}`, head('/allowed/forbidden', 'POST', ['transfer-encoding', value])] as const,
  ),
  ...['+0', '-1', '0x0', '1e0', ' 0', '', '0,0', '5', '99999999999999999999', '0\t'].map(
    (value) =>
      [
        `content-length ${JSON.stringify(value)}`,
        head('/allowed/forbidden', 'POST', ['content-length', value]),
      ] as const,
  ),
  ['two content-lengths', head('/allowed/forbidden', 'POST', ['content-length', '0'], ['content-length', '9'])],
  ['content_length', head('/allowed/forbidden', 'POST', ['content_length', '9'])],
  ['te', head('/allowed/forbidden', 'GET', ['te', 'chunked'])],
  [
    'CONNECT',
    [
      [':method', 'CONNECT'],
      [':authority', 'forbidden:80'],
    ],
  ],
  ['CONNECT with a :path', head(forbiddenPath, 'CONNECT')],
  ['extended CONNECT', [[':protocol', 'websocket'], ...head(forbiddenPath, 'CONNECT')]],
  ['extended CONNECT of an allowed path', [[':protocol', 'websocket'], ...head('/allowed/forbidden', 'CONNECT')]],
  ['CONNECT for UDP', [[':protocol', 'connect-udp'], ...head('/allowed/forbidden', 'CONNECT')]],
  [':protocol without CONNECT', [[':protocol', 'websocket'], ...head('/allowed/forbidden')]],
  [':status', [[':status', '200'], ...head('/allowed/forbidden')]],
  ['an unknown pseudo-header field', [[':forbidden', 'x'], ...head('/allowed/forbidden')]],
  ['a pseudo-header field at the end', [...head('/allowed/forbidden', 'GET', ['a', 'b']), [':scheme', 'http']]],
  [
    'OPTIONS *',
    [
      [':method', 'OPTIONS'],
      [':scheme', 'http'],
      [':path', '*/forbidden'],
      [':authority', 'origin'],
    ],
  ],
  ...['x_role', 'x.role', 'x!role'].flatMap((name) => [
    [`${name} beside x-role`, head('/role/forbidden', 'GET', ['x-role', 'user'], [name, 'admin'])] as const,
    [`${name} before x-role`, head('/role/forbidden', 'GET', [name, 'admin'], ['x-role', 'user'])] as const,
    [`${name} for x-role`, head('/role/forbidden', 'GET', [name, 'user'])] as const,
  ]),
  [
    'more fields than are read',
    head('/allowed/forbidden', 'GET', ...Array.from({ length: 200 }, (_, at) => [`a${at}`, 'b'] as const)),
  ],
];

export const heads: readonly Vector[] = [
  ...paths.map((path) => vector(`:path ${JSON.stringify(path)}`, headers(1, head(path)))),
  ...lists.map(([name, fields]) => vector(name, headers(1, fields))),
];
