/** RFC 7541 section 2.3.2: first in, first out, bounded by the sum of its entries' sizes. */

/** What an entry costs beside its octets (section 4.1). */
export const entryOverhead = 32;

/** A ring of fields; index 1 is the newest. */
export class DynamicTable {
  #names: string[] = Array.from<string>({ length: 128 }).fill('');
  #values: string[] = Array.from<string>({ length: 128 }).fill('');
  #newest = 0;
  #length = 0;
  #bytes = 0;
  #capacity = 4096;

  get length(): number {
    return this.#length;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Octets that its entries may add up to; the encoder's choice. */
  get capacity(): number {
    return this.#capacity;
  }

  /** Names and values, oldest first. */
  entries(): [name: string, value: string][] {
    return Array.from({ length: this.#length }, (_, at) => {
      const index = this.#length - at;
      return [this.name(index), this.value(index)];
    });
  }

  resize(capacity: number): void {
    this.#capacity = capacity;
    this.#evictTo(capacity);
  }

  /** `index` from 1 (newest) to `length`. */
  name(index: number): string {
    return this.#names[(this.#newest - index + 1) & (this.#names.length - 1)] ?? '';
  }

  value(index: number): string {
    return this.#values[(this.#newest - index + 1) & (this.#names.length - 1)] ?? '';
  }

  insert(name: string, value: string): void {
    const bytes = name.length + value.length + entryOverhead;
    this.#evictTo(this.#capacity - bytes);
    if (bytes > this.#capacity) return;
    if (this.#length === this.#names.length) this.#grow();
    this.#newest = (this.#newest + 1) & (this.#names.length - 1);
    this.#names[this.#newest] = name;
    this.#values[this.#newest] = value;
    this.#length += 1;
    this.#bytes += bytes;
  }

  #evictTo(bytes: number): void {
    while (this.#length > 0 && this.#bytes > bytes) {
      this.#bytes -= this.name(this.#length).length + this.value(this.#length).length + entryOverhead;
      this.#length -= 1;
    }
  }

  #grow(): void {
    const names: string[] = [];
    const values: string[] = [];
    for (let index = this.#length; index > 0; index--) {
      names.push(this.name(index));
      values.push(this.value(index));
    }
    const empty = Array.from<string>({ length: this.#names.length }).fill('');
    this.#newest = names.length - 1;
    this.#names = names.concat(empty);
    this.#values = values.concat(empty);
  }
}
