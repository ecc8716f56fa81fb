/**
 * What an attacker sends to get a request past the proxy: bytes that two parsers may read differently, by class. The rules
 * allow GET and POST of `/allowed/…`; whatever carries `/forbidden` must reach no server as a request of its own.
 */

export interface Vector {
  readonly name: string;
  /** Sent as they are, one character a byte. */
  readonly bytes: string;
}

const forbidden = 'GET /forbidden/smuggled HTTP/1.1\r\nHost: origin\r\n\r\n';

function request(line: string, fields: readonly string[], body = ''): string {
  return `${line}\r\n${fields.map((field) => `${field}\r\n`).join('')}\r\n${body}`;
}

function post(fields: readonly string[], body: string): string {
  return request('POST /allowed/x HTTP/1.1', ['Host: origin', ...fields], body);
}

function named(group: string, entries: readonly (readonly [name: string, bytes: string])[]): Vector[] {
  return entries.map(([name, bytes]) => ({ name: `${group}: ${name}`, bytes }));
}

function shown(text: string): string {
  return JSON.stringify(text);
}

const encodings = [
  'chunked',
  ' chunked',
  '\tchunked',
  'Chunked',
  'CHUNKED',
  'xchunked',
  'chunkedx',
  'chunked, identity',
  'identity, chunked',
  'chunked, chunked',
  'identity',
  'gzip, chunked',
  'chunked;q=1',
  'chunked;a=b',
  '"chunked"',
  "'chunked'",
  'chunked,',
  ',chunked',
  'chunked ,',
  'chunked\t',
  'chunked\x0b',
  '\x0bchunked',
  'chunked\x0c',
  'chunked\x00',
  'chunk\x00ed',
  'chunked\xa0',
  '',
  ' ',
  'chun ked',
  'chunked\x7f',
] as const;

/** The server that believes Content-Length takes all for one body, the one that believes Transfer-Encoding sees two requests. */
const bothFramings = named(
  'Transfer-Encoding and Content-Length',
  encodings.flatMap((encoding) => {
    const body = `0\r\n\r\n${forbidden}`;
    return [
      [
        `${shown(encoding)} after the length`,
        post([`Content-Length: ${body.length}`, `Transfer-Encoding: ${encoding}`], body),
      ],
      [`${shown(encoding)} before the length`, post([`Transfer-Encoding: ${encoding}`, 'Content-Length: 5'], body)],
    ] as const;
  }),
);

const encodingAlone = named(
  'Transfer-Encoding alone',
  encodings.map(
    (encoding) => [shown(encoding), post([`Transfer-Encoding: ${encoding}`], `0\r\n\r\n${forbidden}`)] as const,
  ),
);

const disguisedNames = named(
  'a disguised name',
  [
    'Transfer-Encoding : chunked',
    'Transfer-Encoding\t: chunked',
    ' Transfer-Encoding: chunked',
    '\tTransfer-Encoding: chunked',
    'Transfer_Encoding: chunked',
    'Transfer-Encoding:chunked',
    'Transfer-Encoding: x\r\n chunked',
    'Transfer-Encoding:\r\n chunked',
    'Transfer-Encoding\r\n: chunked',
    'X: y\nTransfer-Encoding: chunked',
    'X: y\rTransfer-Encoding: chunked',
    'X: y\r\rTransfer-Encoding: chunked',
    'Transfer-Encoding\x00: chunked',
    '\x00Transfer-Encoding: chunked',
    'Trans\x00fer-Encoding: chunked',
    'Transfer-Encoding\xa0: chunked',
    'Transfer\x2dEncoding: chunked',
    'transfer-encoding: chunked',
    'TRANSFER-ENCODING: chunked',
    'Transfer-Encoding: chunked\r\nTransfer-Encoding: identity',
    'Transfer-Encoding: identity\r\nTransfer-Encoding: chunked',
    'Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked',
    'Transfer\xadEncoding: chunked',
    'Transfer-Encoding;: chunked',
  ].map((field) => {
    const body = `0\r\n\r\n${forbidden}`;
    return [shown(field), post([`Content-Length: ${body.length}`, field], body)] as const;
  }),
);

const lengths = named(
  'Content-Length',
  [
    '+0',
    '-0',
    '0,0',
    '0, 0',
    '0 0',
    '0;',
    '0x0',
    '0\x00',
    '\x000',
    '0.0',
    '1e0',
    '',
    ' ',
    '"0"',
    '00',
    '0_0',
    '\t0',
    '0\t',
    '99999999999999999999',
    '18446744073709551616',
    '4294967296',
    '-1',
    '٠',
    '0\r\nContent-Length: 48',
    '48\r\nContent-Length: 0',
    '0\r\nContent-Length: 0',
    '0\r\ncontent-length: 48',
    '0\r\nContent_Length: 48',
    '0\r\nContent-Length : 48',
    '0\r\n Content-Length: 48',
    '0\nContent-Length: 48',
    '0, 48',
    '48, 0',
    '48,48',
  ].map((value) => [shown(value), post([`Content-Length: ${value}`], forbidden)] as const),
);

const chunkSizes = named(
  'a chunk',
  [
    ['size with 0x', '0x0\r\n\r\n'],
    ['size with plus', '+0\r\n\r\n'],
    ['size with minus', '-0\r\n\r\n'],
    ['size after space', ' 0\r\n\r\n'],
    ['size before space', '0 \r\n\r\n'],
    ['size before tab', '0\t\r\n\r\n'],
    ['empty size', '\r\n\r\n'],
    ['size with underscore', '0_0\r\n\r\n'],
    ['extension', '0;a=b\r\n\r\n'],
    ['extension without name', '0;\r\n\r\n'],
    ['extension with quoted CRLF', '0;a="\r\n\r\n"\r\n\r\n'],
    ['extension with LF', '2;a\nab\r\n0\r\n\r\n'],
    ['extension with CR', '2;a\rab\r\n0\r\n\r\n'],
    ['LF after size', '2\nab\r\n0\r\n\r\n'],
    ['CR after size', '2\rab\r\n0\r\n\r\n'],
    ['LF after data', '2\r\nab\n0\r\n\r\n'],
    ['nothing after data', '2\r\nab0\r\n\r\n'],
    ['data longer than size', '2\r\nabcd\r\n0\r\n\r\n'],
    ['LF ends the body', '0\n\n'],
    ['CRLF LF ends the body', '0\r\n\n'],
    ['overflowing size', '10000000000000000\r\n\r\n'],
    ['size of 2^32', '100000000\r\nab\r\n0\r\n\r\n'],
    ['negative by overflow', 'fffffffffffffffe\r\nab\r\n'],
    ['trailer with Content-Length', '0\r\nContent-Length: 48\r\n\r\n'],
    ['trailer with Transfer-Encoding', '0\r\nTransfer-Encoding: x\r\n\r\n'],
    ['trailer with Host', '0\r\nHost: other\r\n\r\n'],
    ['trailer without colon', '0\r\nGET /forbidden/trailer HTTP/1.1\r\n\r\n'],
    ['trailer with bare LF', '0\r\nX: y\n\r\n'],
    ['trailer folded', '0\r\nX: y\r\n z\r\n\r\n'],
    ['NUL in size', '0\x00\r\n\r\n'],
    ['non-ASCII size', '0\xb2\r\n\r\n'],
    ['comma in size', '0,0\r\n\r\n'],
    ['size and space and data', '2 ab\r\n0\r\n\r\n'],
  ].map(([name = '', body = '']) => [name, post(['Transfer-Encoding: chunked'], body + forbidden)] as const),
);

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

export const vectors: readonly Vector[] = [
  ...bothFramings,
  ...encodingAlone,
  ...disguisedNames,
  ...lengths,
  ...chunkSizes,
  ...requestLines,
  ...paths,
  ...hosts,
  ...lines,
  ...bodies,
  ...upgrades,
  ...pipelines,
];
