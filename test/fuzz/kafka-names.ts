/**
 * A second reading of requests, for the fuzzer: by plain steps instead of the skimmer it finds the topics
 * of the requests that carry data and says whether one is among them that the fuzzer's strict rules do not grant.
 */

class Plain {
  readonly #bytes: Buffer;
  #at: number;

  constructor(bytes: Buffer, at: number) {
    this.#bytes = bytes;
    this.#at = at;
  }

  number(size: 1 | 2 | 4): number {
    const value = this.#bytes.readIntBE(this.#at, size);
    this.#at += size;
    return value;
  }

  varint(): number {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.#bytes.readUInt8(this.#at++);
      value += (byte & 127) * 2 ** shift;
      if (byte < 128) return value;
    }
  }

  skip(count: number): void {
    this.#at += count;
    if (this.#at > this.#bytes.length) throw new RangeError('past the end');
  }

  length(compact: boolean, size: 2 | 4): number {
    return compact ? this.varint() - 1 : this.number(size);
  }

  text(compact: boolean): string | null {
    const length = this.length(compact, 2);
    if (length < 0) return null;
    const text = this.#bytes.toString('latin1', this.#at, this.#at + length);
    this.skip(length);
    return text;
  }

  blob(compact: boolean): void {
    this.skip(Math.max(0, this.length(compact, 4)));
  }

  tags(compact: boolean): void {
    if (!compact) return;
    for (let count = this.varint(); count > 0; count--) {
      this.varint();
      this.skip(this.varint());
    }
  }
}

const granted = (name: string | null): boolean => name?.startsWith('granted') === true;

/** The first topic of a Produce, Fetch, OffsetCommit or DeleteRecords that is not granted. */
export function deniedName(frame: Buffer): string | undefined {
  const key = frame.readInt16BE(4);
  const version = frame.readInt16BE(6);
  const flexibleFrom = { 0: 9, 1: 12, 8: 8, 21: 2 }[key];
  if (flexibleFrom === undefined) return undefined;
  const compact = version >= flexibleFrom;
  const read = new Plain(frame, 12);
  read.text(false);
  read.tags(compact);
  if (key === 0) {
    const id = read.text(compact);
    if (id !== null && id !== 'granted') return `transactional id ${id}`;
    read.skip(6);
  } else if (key === 1) {
    if (read.number(4) >= 0) return 'replica';
    read.skip(13);
    if (version >= 7 && (read.number(4) !== 0 || read.number(4) !== -1)) return 'session';
  } else if (key === 8) {
    const group = read.text(compact);
    if (!granted(group)) return `group ${group}`;
    read.skip(4);
    read.text(compact);
    if (version >= 7) read.text(compact);
    if (version <= 4) read.skip(8);
  }
  for (let topics = read.length(compact, 4); topics > 0; topics--) {
    const name = read.text(compact);
    // Only the topic itself may have its records deleted; a prefix is for reading and writing.
    if (key === 21 ? name !== 'granted' : !granted(name)) return `topic ${name}`;
    for (let partitions = read.length(compact, 4); partitions > 0; partitions--) {
      if (key === 0) {
        read.skip(4);
        read.blob(compact);
      } else if (key === 1) {
        read.skip(16 + (version >= 5 ? 8 : 0) + (version >= 9 ? 4 : 0) + (version >= 12 ? 4 : 0));
      } else if (key === 8) {
        read.skip(12 + (version >= 6 ? 4 : 0));
        read.text(compact);
      } else {
        read.skip(12);
      }
      read.tags(compact);
    }
    read.tags(compact);
  }
  return undefined;
}
