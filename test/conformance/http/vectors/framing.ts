/** Where a body ends: Content-Length, Transfer-Encoding, chunks (RFC 9112 sections 6 and 7). */

import { forbidden, named, post, shown, type Vector } from './vector.ts';

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

export const framing: readonly Vector[] = [
  ...bothFramings,
  ...encodingAlone,
  ...disguisedNames,
  ...lengths,
  ...chunkSizes,
];
