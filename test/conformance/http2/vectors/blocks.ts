/** HPACK (RFC 7541): tables that the proxy's and the server's decoder might come to hold differently. */

import { flag, frameType } from '../../../../proxy/http2/frames.ts';
import { encodeBlock } from '../../../../proxy/http2/hpack/encoder.ts';
import { frame, headers, settings } from '../../../unit/http2/wire.ts';
import type { Vector } from '../../http/vectors/vector.ts';
import { allowedPath, forbiddenPath, head, vector } from './request.ts';

const whole = flag.endHeaders | flag.endStream;
const get = 0x82;
const http = 0x86;
const pathName = 4;
const newest = 62;

/** One octet holds a length below 127. */
function text(value: string): Buffer {
  return Buffer.concat([Buffer.from([value.length]), Buffer.from(value, 'latin1')]);
}

/** A literal of `:path`; `0x40` adds it to the table, `0x10` forbids that, `0` does not. */
function path(value: string, kind = 0x40): Buffer {
  return Buffer.concat([Buffer.from([kind | pathName]), text(value)]);
}

const authority = Buffer.concat([Buffer.from([0x01]), text('origin')]);
const index = (at: number): Buffer => Buffer.from([0x80 | at]);
const size = (octets: number): Buffer => Buffer.from([0x20 | octets]);

function request(stream: number, ...parts: readonly Uint8Array[]): Buffer {
  return frame(frameType.headers, whole, stream, Buffer.concat(parts));
}

/** All but the path. */
const rest = Buffer.concat([Buffer.from([get, http]), authority]);
const allowed = (stream: number): Buffer => request(stream, rest, path(allowedPath));
const denied = (stream: number): Buffer => request(stream, rest, path(forbiddenPath));
const indexed = (stream: number, at: number): Buffer => request(stream, rest, index(at));

/** Octets of a table entry for a path of this length. */
const entry = (value: string): number => 5 + value.length + 32;

function resized(octets: number): Buffer {
  return octets < 31 ? size(octets) : Buffer.from([0x3f, ((octets - 31) % 128) | 0x80, (octets - 31) >> 7]);
}

const tables: Vector[] = [
  vector('the entry of a denied request', denied(1), indexed(3, newest)),
  vector('the entry of a denied request behind an allowed one', denied(1), allowed(3), indexed(5, newest + 1)),
  vector(
    'the entry of an allowed request behind a denied one',
    allowed(1),
    denied(3),
    indexed(5, newest),
    indexed(7, newest + 1),
  ),
  vector(
    'many entries, asked for in turn',
    ...Array.from({ length: 10 }, (_, at) => (at % 2 ? denied : allowed)(2 * at + 1)),
    ...Array.from({ length: 10 }, (_, at) => indexed(2 * at + 41, newest + at)),
  ),
  vector('an entry that was never made', indexed(1, newest), denied(3)),
  vector(
    'an entry that a denied request threw out',
    allowed(1),
    request(3, resized(entry(forbiddenPath)), rest, path(forbiddenPath)),
    indexed(5, newest),
    indexed(7, newest + 1),
  ),
  vector('a table of no octets', request(1, size(0), rest, path(forbiddenPath)), indexed(3, newest)),
  vector(
    'a table emptied and grown',
    allowed(1),
    request(3, size(0), resized(4096), rest, path(forbiddenPath)),
    indexed(5, newest),
  ),
  vector('a size in the middle of a block', request(1, rest, size(0), path(forbiddenPath)), denied(3)),
  vector('a size at the end of a block', request(1, rest, path(forbiddenPath), size(0)), denied(3)),
  vector(
    'a size above what was agreed',
    request(1, Buffer.from([0x3f, 0xe1, 0xff, 0x7f]), rest, path(forbiddenPath)),
    denied(3),
  ),
  vector('three sizes', request(1, size(0), size(1), size(0), rest, path(forbiddenPath)), denied(3)),
  vector('an entry larger than the table', request(1, resized(40), rest, path(forbiddenPath)), indexed(3, newest)),
  vector(
    'a table size in SETTINGS',
    settings([1, 0]),
    allowed(1),
    denied(3),
    indexed(5, newest),
    indexed(7, newest + 1),
  ),
  vector(
    'a denied request that names an entry',
    allowed(1),
    request(3, Buffer.from([get, http]), authority, Buffer.concat([Buffer.from([0x40 | 62]), text(forbiddenPath)])),
    indexed(5, newest),
    indexed(7, newest + 1),
  ),
];

const codings: Vector[] = [
  ...[0, 0x10, 0x40].map((kind) => vector(`a literal of kind ${kind}`, request(1, rest, path(forbiddenPath, kind)))),
  vector('index 0', request(1, rest, Buffer.from([0x80])), denied(3)),
  vector('an index beyond all', request(1, rest, Buffer.from([0xff, 0xff, 0x7f])), denied(3)),
  vector(
    'an index that overflows',
    request(1, rest, Buffer.from([0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f])),
    denied(3),
  ),
  vector(
    'an index with idle octets',
    request(1, rest, Buffer.from([0xff, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00])),
    denied(3),
  ),
  vector(
    'a length beyond the block',
    request(1, rest, Buffer.from([0x44, 0x7f, 0x20]), Buffer.from('/forbidden')),
    denied(3),
  ),
  vector(
    'a length of idle octets',
    request(1, rest, Buffer.from([0x44, 0x7f, 0x80, 0x80, 0x80, 0x00]), Buffer.from('/forbidden')),
    denied(3),
  ),
  vector(
    'Huffman code that ends in EOS',
    request(1, rest, Buffer.from([0x44, 0x84, 0xff, 0xff, 0xff, 0xff])),
    denied(3),
  ),
  vector('Huffman code with a long padding', request(1, rest, Buffer.from([0x44, 0x83, 0x60, 0xff, 0xff])), denied(3)),
  vector('Huffman code padded with zeros', request(1, rest, Buffer.from([0x44, 0x82, 0x60, 0x00])), denied(3)),
  vector('a block that ends in a field', request(1, rest, Buffer.from([0x44])), denied(3)),
  vector('an empty block', request(1), denied(3)),
  vector(
    'a path by a new name',
    request(1, rest, Buffer.concat([Buffer.from([0]), text(':path'), text(forbiddenPath)])),
  ),
  vector('the path / of the static table, and another', request(1, rest, index(4), path(forbiddenPath))),
  vector('a field of 40,000 octets', headers(1, head('/allowed/y', 'GET', ['a', 'b'.repeat(16_000)])), denied(3)),
  vector(
    'a cookie in many crumbs',
    request(1, encodeBlock(head(forbiddenPath, 'GET', ['cookie', 'a=b'], ['cookie', 'c=d']))),
  ),
];

export const blocks: readonly Vector[] = [...tables, ...codings];
