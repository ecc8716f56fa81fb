/**
 * Topic ids of one connection's broker. Share groups name topics by nothing else, rules know names. An id never comes to
 * mean another topic (a topic that is deleted and made again has a new one), so what was learned holds for good. What is
 * not known is asked of the broker itself, on the same connection, before the request that needs it is judged.
 */

import { limits } from '../../src/limits.ts';
import { endFrame } from './answer.ts';
import { Cursor } from './cursor.ts';
import type { Api } from './request.ts';
import { Entries, skipField, skipTags } from './skim.ts';
import { Writer } from './writer.ts';

const metadataKey = 3;
/** KIP-516: the first version of Metadata in which a request may name a topic by its id alone. */
const metadataVersion = 12;

export const idBytes = 16;

/** An id as a key. */
export function idAt(bytes: Uint8Array, offset: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + offset, idBytes).toString('latin1');
}

const cursor = new Cursor();
const entries = new Entries();

export class TopicIds {
  readonly #names = new Map<string, Uint8Array>();
  /** The broker was asked for them for the request at hand, and knows no such topic. */
  readonly #missing = new Set<string>();

  name(id: string): Uint8Array | undefined {
    return this.#names.get(id);
  }

  /** Whether the broker has to be asked before anything can be said about the topic. */
  isOpen(id: string): boolean {
    return !this.#names.has(id) && !this.#missing.has(id);
  }

  /** The request is judged: what the broker did not know, it may know for the next one. */
  settle(): void {
    if (this.#missing.size > 0) this.#missing.clear();
  }

  /**
   * Learns from the broker's answer to `lookupFrame(ids)`; false: it is not what the protocol says.
   * A topic that the broker hides from the client comes without its name, like one that does not exist.
   */
  learn(metadata: Api, frame: Uint8Array, ids: readonly string[]): boolean {
    const layout = metadata.response.layout(metadataVersion);
    cursor.over(frame, 8, frame.length);
    skipTags(cursor);
    for (const field of layout.fields) {
      if (field.name === 'topics') entries.read(cursor, field, 'name');
      else skipField(cursor, field);
    }
    skipTags(cursor);
    if (cursor.failed || cursor.left > 0) return false;
    const asked = new Set(ids);
    if (this.#names.size + asked.size > limits.kafkaEntries) this.#names.clear();
    for (let index = 0; index < entries.count; index++) {
      const [at, length] = [entries.nameAt(index), entries.nameLength(index)];
      // The id follows the name.
      const id = idAt(frame, at + Math.max(0, length));
      if (asked.delete(id) && length >= 0) this.#names.set(id, new Uint8Array(frame.subarray(at, at + length)));
      else this.#missing.add(id);
    }
    for (const id of asked) this.#missing.add(id);
    return true;
  }
}

/** A Metadata request for these topics; undefined: it would be too large. */
export function lookupFrame(correlationId: number, clientId: string, ids: readonly string[]): Uint8Array | undefined {
  const writer = new Writer(limits.kafkaHeldRequestBytes);
  const client = Buffer.from(clientId);
  writer.integer(0, 4);
  writer.integer(metadataKey, 2);
  writer.integer(metadataVersion, 2);
  writer.integer(correlationId, 4);
  writer.integer(client.length, 2);
  writer.copy(client, 0, client.length);
  writer.uvarint(0);
  writer.count(ids.length, true);
  for (const id of ids) {
    writer.copy(Buffer.from(id, 'latin1'), 0, idBytes);
    // No name, no tags.
    writer.uvarint(0);
    writer.uvarint(0);
  }
  // Creates no topic, tells no authorized operations; no tags.
  for (const byte of [0, 0, 0]) writer.integer(byte, 1);
  return endFrame(writer);
}
