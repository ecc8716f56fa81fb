/** Where a request begins and ends: frames, their lengths, flags and streams (RFC 9113 sections 4 to 6). */

import { flag, frameType, preface } from '../../../../proxy/http2/frames.ts';
import { encodeBlock } from '../../../../proxy/http2/hpack/encoder.ts';
import {
  data,
  frame,
  headers,
  rstStream,
  settings,
  settingsAck,
  uint32,
  windowUpdate,
} from '../../../unit/http2/wire.ts';
import { forbidden as http1, type Vector } from '../../http/vectors/vector.ts';
import { allowedPath, forbiddenPath, head, vector } from './request.ts';

const open = flag.endHeaders;
const whole = flag.endHeaders | flag.endStream;
const forbidden = headers(3, head(forbiddenPath));
const post = headers(1, head(allowedPath, 'POST'), open);
const block = encodeBlock(head(forbiddenPath));
const allowedBlock = encodeBlock(head(allowedPath));
const { headers: headersType, continuation, data: dataType } = frameType;

function padded(stream: number, fragment: Uint8Array, padding: Uint8Array): Buffer {
  const payload = Buffer.concat([Buffer.from([padding.length]), fragment, padding]);
  return frame(headersType, whole | flag.padded, stream, payload);
}

/** A frame whose head claims another length than it has. */
function lying(bytes: Buffer, length: number): Buffer {
  const copy = Buffer.from(bytes);
  copy.writeUIntBE(length, 0, 3);
  return copy;
}

const bodies: Vector[] = [
  vector('a frame inside DATA', post, data(1, forbidden, flag.endStream)),
  vector('HTTP/1.1 inside DATA', post, data(1, http1, flag.endStream)),
  vector('a connection inside DATA', post, data(1, Buffer.concat([preface, settings(), forbidden]), flag.endStream)),
  vector('DATA shorter than its length', post, lying(data(1, 'abc', flag.endStream), 3 + forbidden.length), forbidden),
  vector('DATA longer than its length', post, lying(data(1, 'abcdef', flag.endStream), 3), forbidden),
  vector(
    'padding that is a frame',
    post,
    frame(dataType, 9, 1, Buffer.concat([Buffer.from([forbidden.length]), forbidden])),
  ),
  vector('padding longer than DATA', post, frame(dataType, 9, 1, Buffer.from([255, 0])), forbidden),
  vector('DATA on no stream', data(0, forbidden), forbidden),
  vector('DATA on an idle stream', data(5, forbidden), forbidden),
  vector('DATA after the end', headers(1, head(allowedPath)), data(1, forbidden, flag.endStream), forbidden),
  vector('DATA of a denied stream', headers(1, head(forbiddenPath, 'POST'), open), data(1, forbidden, flag.endStream)),
  vector(
    'too little for content-length',
    headers(1, head('/allowed/y', 'POST', ['content-length', '99']), open),
    data(1, 'a', 1),
    forbidden,
  ),
  vector(
    'too much for content-length',
    headers(1, head('/allowed/y', 'POST', ['content-length', '1']), open),
    data(1, http1, 1),
    forbidden,
  ),
];

const trailers: Vector[] = [
  vector('a request as trailers', post, headers(1, head(forbiddenPath))),
  vector('a :path as trailers', post, headers(1, [[':path', forbiddenPath]])),
  vector('trailers that go on', post, headers(1, head(forbiddenPath), open), forbidden),
  vector('trailers with a length', post, headers(1, [['content-length', '5']]), forbidden),
  vector('trailers with transfer-encoding', post, headers(1, [['transfer-encoding', 'chunked']]), forbidden),
  vector('a request in a trailer', post, headers(1, [['a', `b\r\n\r\n${http1}`]]), forbidden),
  vector('trailers after the end', headers(1, head(allowedPath)), headers(1, head(forbiddenPath))),
];

const streams: Vector[] = [
  vector('stream 0', headers(0, head(forbiddenPath))),
  vector('an even stream', headers(2, head(forbiddenPath))),
  vector('a lower stream', headers(5, head(allowedPath)), headers(3, head(forbiddenPath))),
  vector('a stream twice', headers(1, head(allowedPath)), headers(1, head(forbiddenPath))),
  vector('a stream that was reset', post, rstStream(1), headers(1, head(forbiddenPath))),
  vector('the reserved bit', Buffer.concat([headers(1, head(forbiddenPath)).fill(0x80, 5, 6)])),
  vector('a denied stream again', headers(1, head(forbiddenPath), open), headers(1, head(forbiddenPath))),
  vector('a denied stream between two', headers(1, head(allowedPath)), forbidden, headers(5, head('/allowed/z'))),
  vector(
    'a hundred denied streams',
    ...Array.from({ length: 40 }, (_, at) => headers(2 * at + 1, head(forbiddenPath))),
  ),
  vector('a denied stream, reset', headers(1, head(forbiddenPath), open), rstStream(1), windowUpdate(1, 9)),
  vector('credit for a denied stream', headers(1, head(forbiddenPath), open), windowUpdate(1, 1000), forbidden),
  vector('the highest stream', headers(0x7fffffff, head(forbiddenPath))),
];

const split = (...cuts: readonly number[]): Buffer[] => {
  const ends = [...cuts, block.length];
  return ends.map((end, at) => {
    const part = block.subarray(at === 0 ? 0 : ends[at - 1], end);
    const last = at === ends.length - 1 ? flag.endHeaders : 0;
    return frame(at === 0 ? headersType : continuation, last | (at === 0 ? flag.endStream : 0), 1, part);
  });
};

const headerFrames: Vector[] = [
  ...[0, 1, 3, 5, 10, block.length].map((cut) => vector(`a block cut at ${cut}`, ...split(cut))),
  vector('a block in single octets', ...split(...Array.from({ length: 14 }, (_, at) => at + 1))),
  vector('empty CONTINUATION frames', ...split(...Array.from({ length: 14 }, () => 3))),
  vector('more CONTINUATION frames than are held', ...split(...Array.from({ length: 40 }, () => 3))),
  vector('DATA inside a block', ...split(4).toSpliced(1, 0, data(1, 'a'))),
  vector('SETTINGS inside a block', ...split(4).toSpliced(1, 0, settings())),
  vector('HEADERS inside a block', ...split(4).toSpliced(1, 0, headers(3, head(allowedPath)))),
  vector('CONTINUATION of another stream', frame(headersType, 1, 1, allowedBlock), frame(continuation, open, 3, block)),
  vector('CONTINUATION alone', frame(continuation, open, 1, block)),
  vector('CONTINUATION after the block', headers(1, head(allowedPath)), frame(continuation, open, 1, block)),
  vector('a block with a second in its padding', padded(1, allowedBlock, block)),
  vector('a denied block with an allowed one in its padding', padded(1, block, allowedBlock)),
  vector(
    'padding of all',
    frame(headersType, whole | flag.padded, 1, Buffer.concat([Buffer.from([block.length]), block])),
  ),
  vector(
    'more padding than there is',
    frame(headersType, whole | flag.padded, 1, Buffer.concat([Buffer.from([255]), block])),
  ),
  vector('no room for the padding', frame(headersType, whole | flag.padded, 1), forbidden),
  vector(
    'a priority',
    frame(headersType, whole | flag.priority, 1, Buffer.concat([Buffer.from([0, 0, 0, 0, 9]), block])),
  ),
  vector(
    'a priority on itself',
    frame(headersType, whole | flag.priority, 1, Buffer.concat([Buffer.from([0, 0, 0, 1, 9]), block])),
  ),
  vector('a priority that is none', frame(headersType, whole | flag.priority, 1, block)),
  vector('no room for the priority', frame(headersType, whole | flag.priority, 1, '123'), forbidden),
  vector(
    'HEADERS shorter than its length',
    lying(headers(1, head(allowedPath)), allowedBlock.length + forbidden.length),
    forbidden,
  ),
  vector('HEADERS longer than its length', lying(headers(1, head(allowedPath)), 3), forbidden),
  vector('unknown flags', frame(headersType, whole | 0xd2, 1, block)),
];

const control: Vector[] = [
  ...[11, 0x20, 0xff].map((type) => vector(`frame type ${type}`, frame(type, 0xff, 1, forbidden), forbidden)),
  vector('ALTSVC', frame(10, 0, 0, Buffer.concat([Buffer.from([0, 0]), Buffer.from('h2c=":80"')])), forbidden),
  vector('PUSH_PROMISE of a client', frame(frameType.pushPromise, open, 1, Buffer.concat([uint32(2), block]))),
  vector(
    'PUSH_PROMISE on an open stream',
    post,
    frame(frameType.pushPromise, open, 1, Buffer.concat([uint32(2), block])),
  ),
  vector('a PING that is a frame', frame(frameType.ping, 0, 0, forbidden.subarray(0, 8)), forbidden),
  vector('a PING of a wrong length', frame(frameType.ping, 0, 0, forbidden), forbidden),
  vector(
    'a GOAWAY with a frame',
    frame(frameType.goAway, 0, 0, Buffer.concat([Buffer.alloc(8), forbidden])),
    forbidden,
  ),
  vector('an ACK with a frame', frame(frameType.settings, flag.ack, 0, forbidden), forbidden),
  vector('SETTINGS of a wrong length', frame(frameType.settings, 0, 0, '12345'), forbidden),
  vector('SETTINGS on a stream', frame(frameType.settings, 0, 1), forbidden),
  vector('ACK and SETTINGS', settingsAck, settings([5, 16_777_215], [6, 10]), forbidden),
  vector('an RST_STREAM of a wrong length', post, frame(frameType.rstStream, 0, 1, forbidden), forbidden),
  vector('a WINDOW_UPDATE of a wrong length', frame(frameType.windowUpdate, 0, 0, forbidden), forbidden),
  vector('a PRIORITY with a frame', frame(frameType.priority, 0, 1, forbidden), forbidden),
  vector('a PRIORITY_UPDATE', frame(0x10, 0, 0, Buffer.concat([uint32(1), Buffer.from('u=1')])), forbidden),
  vector('a frame larger than agreed', data(1, Buffer.alloc(20_000)), forbidden),
  vector('the preface again', preface, settings(), forbidden),
  vector('HTTP/1.1 after the hello', Buffer.from(http1)),
];

/** What does not begin as HTTP/2 does. */
const beginnings: Vector[] = (
  [
    ['HTTP/1.1 before the preface', http1, preface, settings(), forbidden],
    [
      'an allowed request before the preface',
      'GET /allowed/x HTTP/1.1\r\nHost: o\r\n\r\n',
      preface,
      settings(),
      forbidden,
    ],
    ['a preface of HTTP/2.1', 'PRI * HTTP/2.1\r\n\r\nSM\r\n\r\n', settings(), forbidden],
    ['a preface in small letters', 'pri * http/2.0\r\n\r\nsm\r\n\r\n', settings(), forbidden],
    ['a preface with bare line feeds', 'PRI * HTTP/2.0\n\nSM\n\n', settings(), forbidden],
    ['a preface with a field', 'PRI * HTTP/2.0\r\na: b\r\n\r\nSM\r\n\r\n', settings(), forbidden],
    ['a preface of /forbidden', 'PRI /forbidden HTTP/2.0\r\n\r\nSM\r\n\r\n', settings(), forbidden],
    ['no SETTINGS', preface, forbidden],
    ['an ACK for SETTINGS', preface, settingsAck, forbidden],
    ['HTTP/1.1 after the preface', preface, http1],
    ['a line end before the preface', '\r\n', preface, settings(), forbidden],
    [
      'h2c by Upgrade',
      'GET /allowed/x HTTP/1.1\r\nHost: o\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n',
      preface,
      settings(),
      forbidden,
    ],
  ] as const
).map(([name, ...parts]) => ({
  name,
  bytes: parts.map((part) => (typeof part === 'string' ? part : part.toString('latin1'))).join(''),
}));

export const framing: readonly Vector[] = [
  ...bodies,
  ...trailers,
  ...streams,
  ...headerFrames,
  ...control,
  ...beginnings,
];
