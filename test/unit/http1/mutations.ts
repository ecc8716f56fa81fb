/** Streams of requests, mostly well-formed, damaged where parsers have differed before. The same seed gives the same bytes. */

const methods = ['GET', 'POST', 'PUT', 'HEAD', 'OPTIONS', 'DELETE', 'PATCH', 'PROPFIND', 'M-SEARCH', 'CONNECT', 'PRI'];
const targets = ['/', '/a', '/a?b=c', '/%2e%2e/', '*', '//', '/;x', 'http://h/', '/a b', '/\x80', '/#', '/a\\b', ''];
const versions = ['HTTP/1.1', 'HTTP/1.1', 'HTTP/1.1', 'HTTP/1.0', 'HTTP/1.2', 'HTTP/0.9', 'http/1.1', 'HTTP/2.0', ''];

const fields = [
  'Content-Length: 0',
  'Content-Length: 5',
  'Content-Length: 05',
  'Content-Length: +5',
  'Content-Length: 5, 5',
  'Content-Length:',
  'Content-Length: 5 5',
  'Content-Length: 0x5',
  'Content-Length : 5',
  'Content_Length: 5',
  'content-length:5\t',
  'Content-Length: \xa05',
  'Transfer-Encoding: chunked',
  'Transfer-Encoding: CHUNKED',
  'Transfer-Encoding: chunked, chunked',
  'Transfer-Encoding: gzip, chunked',
  'Transfer-Encoding: identity',
  'Transfer-Encoding: ,chunked',
  'Transfer-Encoding: chunked;q=1',
  'Transfer-Encoding: \xa0chunked',
  'Transfer-Encoding:\tchunked',
  'Transfer-Encoding:\x0bchunked',
  'Transfer-Encoding : chunked',
  'Transfer_Encoding: chunked',
  'Transfer-Encoding:',
  'Connection: close',
  'Connection: keep-alive',
  'Connection: Upgrade',
  'Connection: Transfer-Encoding',
  'Upgrade: websocket',
  'Upgrade: h2c',
  'Expect: 100-continue',
  'Host: other',
  'TE: trailers',
  ' folded: 1',
  ': empty',
  'no colon',
  'X: \x80\xff',
  'X: a\x00b',
  'X: a\rb',
];

const pieces = [
  '\r',
  '\n',
  '\r\n',
  '\0',
  ' ',
  '\t',
  '\x0b',
  '\xa0',
  '\x85',
  ':',
  ',',
  ';',
  '0',
  '5',
  'a',
  '\r\n\r\n',
].concat(fields.map((field) => `\r\n${field}`));

const chunked = [
  '0\r\n\r\n',
  '5\r\nhello\r\n0\r\n\r\n',
  '5;x\r\nhello\r\n0\r\n\r\n',
  '05\r\nhello\r\n000\r\nX: 1\r\n\r\n',
].concat([
  '5 \r\nhello\r\n0\r\n\r\n',
  '0x5\r\nhello\r\n0\r\n\r\n',
  '5\nhello\r\n0\r\n\r\n',
  '5\r\nhello0\r\n\r\n',
  '5\r\nhello\r\n0\r\nContent-Length: 5\r\n\r\n',
  '5\r\nhello\r\n0\r\n folded\r\n\r\n',
  '-5\r\nhello\r\n0\r\n\r\n',
  '10000000000000005\r\nhello\r\n0\r\n\r\n',
  'A\r\n0123456789\r\na\r\nGET / HTTP\r\n0\r\n\r\n',
]);

/** mulberry32: small, seedable, good enough to choose bytes by. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  below(bound: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let value = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    value ^= value + Math.imul(value ^ (value >>> 7), value | 61);
    return ((value ^ (value >>> 14)) >>> 0) % bound;
  }

  of<T>(list: readonly T[]): T {
    const one = list[this.below(list.length)];
    if (one === undefined) throw new RangeError('nothing to choose from');
    return one;
  }
}

/** One to four requests, some damaged. */
export function stream(random: Random): Buffer {
  let text = '';
  for (let count = 1 + random.below(4); count > 0; count--) text += request(random);
  for (let damages = random.below(3); damages > 0; damages--) text = damaged(text, random);
  return Buffer.from(text, 'latin1');
}

function request(random: Random): string {
  const plain = random.below(8) > 0;
  const line = plain
    ? `${random.of(methods.slice(0, 4))} ${random.of(targets.slice(0, 3))} HTTP/1.1`
    : `${random.of(methods)} ${random.of(targets)} ${random.of(versions)}`;
  const lines = [line, 'Host: h'];
  switch (random.below(4)) {
    case 0:
      return head([...lines, 'Content-Length: 5', ...others(random)]) + random.of(['hello', 'GET /', '\r\n\r\n\r']);
    case 1:
      return head([...lines, 'Transfer-Encoding: chunked', ...others(random)]) + random.of(chunked);
    case 2:
      if (plain) return head(lines);
      return head([...lines, ...others(random), random.of(fields)]) + random.of(['', 'hello', ...chunked]);
    default:
      return head([...lines, ...others(random)]);
  }
}

function others(random: Random): string[] {
  return random.below(4) > 0 ? [] : [random.of(fields)];
}

function head(lines: readonly string[]): string {
  return `${lines.join('\r\n')}\r\n\r\n`;
}

function damaged(text: string, random: Random): string {
  const at = random.below(text.length + 1);
  switch (random.below(4)) {
    case 0:
      return text.slice(0, at) + random.of(pieces) + text.slice(at);
    case 1:
      return text.slice(0, at) + text.slice(at + 1 + random.below(3));
    case 2:
      return text.slice(0, at) + String.fromCharCode(random.below(256)) + text.slice(at + 1);
    default: {
      // A line twice, where the second may be what counts.
      const end = text.indexOf('\r\n', at);
      const start = text.lastIndexOf('\r\n', at);
      return end === -1 || start === -1 ? text : text.slice(0, end) + text.slice(start, end) + text.slice(end);
    }
  }
}
