/** One round of the comparison between our HPACK decoder and nghttp2's. */

import { HpackDecoder } from '../../proxy/http2/hpack/decoder.ts';
import { AnyEncoder, Chance, damaged, requestFields } from './hpack-blocks.ts';
import type { Nghttp2 } from './hpack-oracle.ts';

/** Table size that a peer may use which was told nothing. */
const defaultTable = 4096;

interface Block {
  readonly bytes: Buffer;
  /** Nothing in it or before it was damaged. */
  readonly sound: boolean;
}

function blocksOf(chance: Chance): Block[] {
  const encoder = new AnyEncoder(chance, defaultTable);
  const blocks: Block[] = [];
  let sound = true;
  for (let count = 1 + chance.below(12), at = 0; at < count; at++) {
    const bytes = encoder.encode(requestFields(chance, `/${chance.text('abc/', 12)}`));
    const harmed = chance.once(10);
    sound &&= !harmed;
    blocks.push({ bytes: harmed ? damaged(chance, bytes) : bytes, sound });
  }
  return blocks;
}

/** @returns in what the two differ, for a human; undefined when they agree. */
export async function difference(seed: number, oracle: Nghttp2): Promise<string | undefined> {
  const blocks = blocksOf(new Chance(seed));
  const reading = await oracle.read(blocks.map(({ bytes }) => bytes));
  const decoder = new HpackDecoder({ listBytes: 64 * 1024, fields: 1024 });
  for (const [at, { bytes, sound }] of blocks.entries()) {
    const error = decoder.decode(bytes, 0, bytes.length);
    const theirs = reading.requests.get(at);
    if (error !== undefined) {
      if (sound) return `block ${at} is sound, and we say ${error}`;
      if (theirs !== undefined) return `block ${at}: we say ${error}, nghttp2 reads ${theirs.join(' ')}`;
      return reading.broken ? undefined : `block ${at}: we say ${error}, nghttp2 goes on`;
    }
    const ours = decoder.names.slice(0, decoder.count).flatMap((name, field) => [name, decoder.values[field] ?? '']);
    if (sound && theirs?.join('\0') !== ours.join('\0')) return `block ${at}: ${ours.join(' ')} / ${theirs?.join(' ')}`;
    // Of a damaged block nghttp2 leaves out fields that HTTP does not allow.
    if (theirs !== undefined && !isPart(theirs, ours)) return `block ${at}: ${ours.join(' ')} / ${theirs.join(' ')}`;
  }
  return reading.broken ? 'nghttp2 gives up where we do not' : undefined;
}

/** Whether `part`'s fields stand in `whole` in the same order. */
function isPart(part: readonly string[], whole: readonly string[]): boolean {
  let from = 0;
  for (let at = 0; at < part.length; at += 2) {
    while (from < whole.length && (whole[from] !== part[at] || whole[from + 1] !== part[at + 1])) from += 2;
    if (from >= whole.length) return false;
    from += 2;
  }
  return true;
}
